import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { json } from "node:stream/consumers";
import { openNetwork } from "../../io/network.ts";
import { openSlack } from "../../io/slack.ts";
import { Mention, slack as said } from "../../shared/text/markup.ts";
import { fakeClock } from "../support/fake-clock.ts";

interface Heard {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Answers in turn: a status, or a status with a body and headers; the last one again and again. */
type Answer = readonly [status: number, body?: string, headers?: Readonly<Record<string, string>>];

const message = { channel: "#platform", text: said`it is live` };
const SECRET = "T000-B000-very-secret";

describe("openSlack", () => {
  const network = openNetwork({});
  let server: Server | undefined;
  let heard: Heard[];
  let url: string;

  const answering = async (...answers: Answer[]) => {
    heard = [];
    const listening = createServer(async (request, response) => {
      heard.push({ url: request.url, headers: request.headers, body: await json(request) });
      const [status, body = "ok", headers = {}] = answers[Math.min(heard.length, answers.length) - 1] ?? [500];
      response.writeHead(status, headers).end(body);
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    const address = listening.address();
    url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  };
  const webhook = () => openSlack(network, { webhook: `${url}/services/${SECRET}` }, fakeClock());
  const bot = () => openSlack(network, { token: SECRET, api: `${url}/api/chat.postMessage` }, fakeClock());

  afterEach(async () => {
    server?.closeAllConnections();
    if (server?.listening) await new Promise((resolve) => server?.close(resolve));
  });
  afterAll(() => network.close());

  it("posts the text to a webhook", async () => {
    await answering([200]);
    expect(await webhook().send(message)).toEqual({ delivered: true });
    expect(heard).toMatchObject([{ url: `/services/${SECRET}`, body: { text: said`it is live` } }]);
  });

  it("posts as a bot, and puts a channel's later messages into the thread of its first", async () => {
    await answering([200, '{"ok":true,"ts":"17.1"}']);
    const slack = bot();
    await slack.send(message);
    await slack.send({ channel: "#incidents", text: said`elsewhere` });
    await slack.send(message);
    expect(heard.map(({ body }) => body)).toMatchObject([
      { channel: "#platform" },
      { channel: "#incidents" },
      { channel: "#platform", thread_ts: "17.1" },
    ]);
    expect(heard[1]?.body).not.toHaveProperty("thread_ts");
    expect(heard[0]?.headers.authorization).toBe(`Bearer ${SECRET}`);
  });

  it.each<[string, Answer[], number]>([
    ["an overload", [[503], [502], [200]], 3],
    ["a rate limit", [[429, "", { "retry-after": "1" }], [200]], 2],
    ["a rate limit of a minute", [[429, "", { "retry-after": "60" }], [200]], 2],
    ["a long overload", [[503], [503], [503], [503], [503], [503], [200]], 7],
  ])("tries again after %s", async (_, answers, tries) => {
    await answering(...answers);
    expect(await webhook().send(message)).toEqual({ delivered: true });
    expect(heard).toHaveLength(tries);
  });

  it.each<[string, Answer, number, RegExp]>([
    ["Slack is down for good", [503], 8, /answered 503/],
    ["the webhook is gone", [404, "no_service"], 1, /answered 404: no_service/],
    ["the channel is archived", [410, "channel_is_archived"], 1, /answered 410: channel_is_archived/],
    ["a page answers in Slack's place", [403, "<html><title>Sign in</title>"], 1, /answered 403: a page "Sign in"/],
    ["the webhook refuses", [200, "invalid_payload"], 1, /refused it: invalid_payload/],
    ["a webhook has no service", [200, "no_service"], 1, /refused it: no_service/],
    ["a workflow refuses", [200, '{"ok":false,"error":"invalid_input"}'], 1, /refused it: .*invalid_input/],
    ["somebody answers nothing in Slack's place", [200, ""], 1, /refused it: 200: nothing/],
    [
      "a page answers as well as Slack would",
      [200, "<html><title>Sign in</title>"],
      1,
      /refused it: 200: a page "Sign in"/,
    ],
    [
      "it is sent elsewhere",
      [302, "", { location: "https://sso.test/login?x=1" }],
      1,
      /redirect to https:\/\/sso.test\/login,/,
    ],
    [
      "the rate limit is longer than anybody waits",
      [429, "", { "retry-after": "3600" }],
      1,
      /answered 429, and asks for 3600 s more/,
    ],
  ])("gives up, and says why, when %s", async (_, answer, tries, problem) => {
    await answering(answer);
    expect(await webhook().send(message)).toEqual({ delivered: false, problem: expect.stringMatching(problem) });
    expect(heard).toHaveLength(tries);
  });

  it.each([
    ['{"ok":false,"error":"invalid_auth"}', "invalid_auth"],
    ["<html>", "cannot be read"],
  ])("says what the API refused: %s", async (body, problem) => {
    await answering([200, body]);
    expect(await bot().send(message)).toEqual({ delivered: false, problem: expect.stringContaining(problem) });
  });

  it.each(["service_unavailable", "ratelimited", "internal_error", "fatal_error"])(
    "tries again when the API itself says %s",
    async (error) => {
      const clock = fakeClock();
      await answering(
        [200, JSON.stringify({ ok: false, error }), { "retry-after": "30" }],
        [200, '{"ok":true,"ts":"1"}'],
      );
      const slack = openSlack(network, { token: SECRET, api: `${url}/api/chat.postMessage` }, clock);
      const before = clock.now();
      expect(await slack.send(message)).toEqual({ delivered: true });
      expect(heard).toHaveLength(2);
      expect(clock.now() - before).toBe(30);
    },
  );

  it.each(["thread_not_found", "invalid_thread_ts", "cannot_reply_to_message"])(
    "posts into the channel itself where its thread is gone, as the API says by %s",
    async (error) => {
      await answering(
        [200, '{"ok":true,"ts":"17.1"}'],
        [200, JSON.stringify({ ok: false, error })],
        [200, '{"ok":true,"ts":"18.1"}'],
      );
      const slack = bot();
      await slack.send(message);
      expect(await slack.send(message)).toEqual({ delivered: true });
      await slack.send(message);
      const threads = heard.map(({ body }) => (body as { thread_ts?: string }).thread_ts);
      expect(threads).toEqual([undefined, "17.1", undefined, "18.1"]);
    },
  );

  it("waits until the time that Slack names, where it names one in place of seconds", async () => {
    const clock = fakeClock();
    const until = new Date((Math.ceil(clock.now()) + 40) * 1000).toUTCString();
    await answering([429, "", { "retry-after": until }], [200]);
    const before = clock.now();
    expect(await openSlack(network, { webhook: `${url}/services/x` }, clock).send(message)).toEqual({
      delivered: true,
    });
    expect(clock.now() - before).toBeGreaterThanOrEqual(40);
  });

  it("takes a secret that ends with a line break, as a file's does", async () => {
    await answering([200, '{"ok":true,"ts":"17.1"}']);
    const asBot = openSlack(network, { token: `${SECRET}\n`, api: `${url}/api` }, fakeClock());
    expect(await asBot.send(message)).toEqual({ delivered: true });
    expect(heard[0]?.headers.authorization).toBe(`Bearer ${SECRET}`);
    server?.close();
    await answering([200]);
    const byWebhook = openSlack(network, { webhook: ` ${url}/services/${SECRET}\r\n` }, fakeClock());
    expect(await byWebhook.send(message)).toEqual({ delivered: true });
    expect(heard[0]?.url).toBe(`/services/${SECRET}`);
  });

  it("has Slack look up names only where a message of ours names somebody", async () => {
    await answering([200]);
    const forged = said`failed: ${"<!channel> @here <https://evil|click> *✅ passed*"}`;
    await webhook().send({ channel: "#platform", text: forged });
    await webhook().send({
      channel: "#platform",
      text: said`${new Mention({ mention: "@on-call" })} look: ${"@here"}`,
    });
    expect(heard[0]?.body).toMatchObject({ parse: "none", mrkdwn: false, unfurl_links: false });
    expect(heard[0]?.body).not.toHaveProperty("link_names");
    expect(heard[1]?.body).toMatchObject({ link_names: true });
  });

  it("never tells the secret, whatever goes wrong", async () => {
    await answering([200, `you sent ${"x".repeat(500)}`]);
    const closed = "http://127.0.0.1:1";
    const slacks = [
      openSlack(network, { webhook: `${closed}/services/${SECRET}` }, fakeClock()),
      openSlack(network, { webhook: `not a url ${SECRET}` }, fakeClock()),
      openSlack(network, { token: `${SECRET}\n`, api: `${url}/api` }, fakeClock()),
      webhook(),
    ];
    for (const slack of slacks) {
      const delivery = await slack.send(message);
      expect(delivery.delivered).toBe(false);
      expect(JSON.stringify(delivery)).not.toContain(SECRET);
    }
  });

  it.each<[string, Answer]>([
    ["a page that names what was asked for", [404, `Cannot POST /services/${SECRET}`]],
    ["the title of such a page", [404, `<html><title>No /services/${SECRET}</title>`]],
    ["a long text, which is cut off", [404, `${"x ".repeat(35)}/services/${SECRET}`]],
    ["what the webhook refuses", [200, `nothing at /services/${SECRET}`]],
    ["an address in an address", [200, `to=${encodeURIComponent(`/services/${SECRET}`)}`]],
    ["a redirect", [302, "", { location: `https://proxy.test/services/${SECRET}` }]],
    ["an error of the API", [200, JSON.stringify({ ok: false, error: `invalid ${SECRET}` })]],
    ["an error that JSON escapes", [200, `{"ok":false,"error":"${SECRET.replace("v", "\\u0076")}"}`]],
  ])("never tells the secret, where the answer does: %s", async (_, answer) => {
    await answering(answer);
    for (const slack of [webhook(), bot()]) {
      const delivery = await slack.send(message);
      expect(delivery.delivered).toBe(false);
      expect(JSON.stringify(delivery)).not.toMatch(/very|T000/);
    }
  });

  it("tells a problem in a short line that no terminal obeys, however much Slack answers", async () => {
    const error = `\u001b[2J${"password=abc ".repeat(200_000)}`;
    await answering([200, JSON.stringify({ ok: false, error })]);
    for (const slack of [webhook(), bot()]) {
      const began = performance.now();
      const { problem } = { problem: "", ...(await slack.send(message)) };
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(problem.length).toBeLessThan(200);
      expect(problem).not.toContain("abc");
      expect(problem).not.toContain("\u001b");
    }
  });

  it("takes a workflow's own word that it began", async () => {
    await answering([200, '{"ok":true}']);
    expect(await webhook().send(message)).toEqual({ delivered: true });
  });

  it("asks no third time where Slack finds no thread for what was sent into none", async () => {
    await answering([200, '{"ok":true,"ts":"17.1"}'], [200, '{"ok":false,"error":"thread_not_found"}']);
    const slack = bot();
    await slack.send(message);
    expect(await slack.send(message)).toEqual({
      delivered: false,
      problem: expect.stringContaining("thread_not_found"),
    });
    expect(heard).toHaveLength(3);
  });

  it("takes a time to wait that is none for none", async () => {
    await answering([429, "", { "retry-after": "-5" }], [200]);
    const clock = fakeClock();
    expect(await openSlack(network, { webhook: `${url}/services/x` }, clock).send(message)).toEqual({
      delivered: true,
    });
    expect(clock.now()).toBe(1);
  });

  it("says that nothing is set where there is no secret", async () => {
    const delivery = await openSlack(network, {}, fakeClock()).send(message);
    expect(delivery).toEqual({ delivered: false, problem: expect.stringContaining("SPARKI_SLACK_WEBHOOK") });
  });
});
