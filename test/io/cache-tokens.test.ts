import { answersIn } from "../../io/cache-tokens.ts";

describe("answersIn", () => {
  const WRONG = "WRONGPASS invalid username-password pair or user is disabled. NOAUTH Authentication required.";
  const lines = (present: string, before: string) =>
    `starting\nsparki-token present ${present} \nsparki-token before ${before} \n`;

  it("tells a token that Redis takes from one that it refuses", () => {
    expect(answersIn(lines("OK PONG", WRONG))).toEqual({
      present: { state: "taken", said: "OK PONG" },
      before: { state: "refused", said: WRONG },
    });
  });

  it.each([
    ["sh: redis-cli: not found", "a client image without redis-cli"],
    ["Could not connect to Redis at cache:6379: Connection refused", "a server that cannot be reached"],
    ["Error: Server closed the connection", "a connection that was lost"],
    ["OK", "half of an answer"],
    ["WRONGPASS", "half of a refusal"],
    ["OK NOAUTH Authentication required.", "a contradiction"],
  ])("takes %j for no proof: %s", (said) => {
    expect(answersIn(lines(said, said))).toMatchObject({ present: { state: "unknown" }, before: { state: "unknown" } });
  });

  it("knows nothing of what the job did not tell", () => {
    expect(answersIn("sparki-token present OK PONG\n").before).toEqual({
      state: "unknown",
      said: "the job did not tell",
    });
  });
});
