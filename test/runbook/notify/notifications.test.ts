import { setTimeout as delay } from "node:timers/promises";
import type { Delivery, Messenger } from "../../../io/slack.ts";
import { Notifications } from "../../../runbook/notify/notifications.ts";
import { slack } from "../../../shared/text/markup.ts";

const message = (text: string) => ({ channel: "#incidents", text: slack`${text}` });

describe("Notifications", () => {
  it("holds nobody up, keeps the order, and tells in the end what became of each", async () => {
    const began: string[] = [];
    const slow: Messenger = {
      send: async ({ text }) => {
        began.push(text);
        await delay(text === "first" ? 20 : 1);
        return { delivered: true };
      },
    };
    const notifications = new Notifications(slow, () => undefined);
    notifications.tell(message("first"));
    notifications.tell(message("second"));
    expect(began).toEqual([]);
    const all = await notifications.all();
    expect(began).toEqual(["first", "second"]);
    expect(all).toEqual([
      { ...message("first"), delivered: true, problem: null },
      { ...message("second"), delivered: true, problem: null },
    ]);
  });

  it.each<[string, () => Promise<Delivery>]>([
    ["is down", async () => ({ delivered: false, problem: "Slack does not answer" })],
    ["breaks", () => Promise.reject(new Error("Slack does not answer"))],
  ])("shows what was not heard when Slack %s, and goes on", async (_, send) => {
    const shown: string[] = [];
    const notifications = new Notifications({ send }, (text) => shown.push(text));
    notifications.tell(message("first"));
    notifications.tell(message("second"));
    expect(await notifications.all()).toMatchObject([
      { text: "first", delivered: false, problem: "Slack does not answer" },
      { text: "second", delivered: false },
    ]);
    expect(shown).toEqual(Array(2).fill("  ! not posted in #incidents: Slack does not answer"));
  });
});
