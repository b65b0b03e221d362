import type { CommandOutput } from "../../io/child-command.ts";
import { configValue } from "../../io/stack-state.ts";

const asked: (readonly string[])[] = [];
const stackThat = (answer: Partial<CommandOutput>) => ({
  pulumi: async (args: readonly string[]) => {
    asked.push(args);
    return { code: 0, stdout: "", stderr: "", ...answer };
  },
  projectDirectory: "/work",
  fullName: "org/sparki/prod",
});
const KEY = "sparki:imagePullSecret";

describe("configValue", () => {
  it("is the stack's own value, the very one that the program puts on the nodes (W32)", async () => {
    expect(await configValue(stackThat({ stdout: '{"auths":{}}\n' }), KEY)).toBe('{"auths":{}}');
    expect(asked.at(-1)).toEqual(["config", "get", KEY, "--stack", "org/sparki/prod", "--non-interactive"]);
  });

  it.each([
    ["the config has none", { code: 255, stderr: `error: configuration key '${KEY}' not found for stack 'prod'` }],
    ["there is no such stack yet", { code: 6, stderr: "error: no stack named 'prod' found" }],
  ])("is undefined where %s", async (_, answer) => {
    expect(await configValue(stackThat(answer), KEY)).toBeUndefined();
  });

  it("never takes a secret that cannot be decrypted for none", async () => {
    const stderr =
      'error: getting secrets manager: constructing secrets manager of type "passphrase": unable to find either `PULUMI_CONFIG_PASSPHRASE`';
    await expect(configValue(stackThat({ code: 255, stderr }), KEY)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringMatching(
        /^sparki:imagePullSecret of stack org\/sparki\/prod cannot be read: getting secrets/,
      ),
      hint: expect.stringContaining("PULUMI_CONFIG_PASSPHRASE_FILE"),
    });
  });
});
