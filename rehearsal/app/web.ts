import { Registry } from "prom-client";
import type { Router } from "./routes.ts";
import { serve } from "./server.ts";
import type { Settings } from "./settings.ts";

/** The stand-in web front: one page that names its release and track. */
export async function web(settings: Settings): Promise<void> {
  const body = page(settings);
  await serve(settings, {
    registry: new Registry(),
    routes: (router: Router) => {
      router.on("GET", "/", async () => ({ status: 200, body, contentType: "text/html; charset=utf-8" }));
    },
    check: async () => {},
    close: async () => {},
  });
}

/** The page's HTML. */
export function page({ release, track }: Pick<Settings, "release" | "track">): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Sparki</title>
<meta name="sparki-release" content="${escapeHtml(release)}">
<meta name="sparki-track" content="${escapeHtml(track)}"></head>
<body><h1>Sparki</h1><p>Release ${escapeHtml(release)}, ${escapeHtml(track)}.</p></body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
