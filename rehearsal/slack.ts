import { z } from "zod";
import type { Route } from "./control.ts";
import { parsed } from "./control-requests.ts";

const messageSchema = z.object({ text: z.string().min(1), channel: z.string().exactOptional() });

/** Slack's incoming webhook, which keeps what it is sent: `GET /slack` tells it, oldest first. */
export function slackRoutes(): Readonly<Record<string, Route>> {
  const messages: z.infer<typeof messageSchema>[] = [];
  return {
    "POST /slack": async (body) => {
      messages.push(parsed(messageSchema, body));
    },
    "GET /slack": async () => ({ messages }),
  };
}
