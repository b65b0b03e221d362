import type { Network } from "../../io/network.ts";

type Parameters = ReadonlyMap<string, string>;

/** An answer of AWS: what is inside its result, or a refusal by its code. */
export type FakeAnswer = string | { readonly refused: string; readonly message?: string; readonly status?: number };

/** What AWS answers to an action, by RDS's and EC2's query protocols; a thrown error is no answer. */
export type FakeAws = Readonly<Record<string, (parameters: Parameters) => FakeAnswer>>;

const VERSION = "2016-11-15";

/** A network in which AWS answers so, and the actions that it was asked for, each with its parameters. */
export function fakeAwsNetwork(aws: FakeAws) {
  const asked: { readonly action: string; readonly parameters: Parameters; readonly host: string }[] = [];
  const dispatcher = {
    request: async ({ origin, body }: { readonly origin: string; readonly body: string }) => {
      const parameters = new Map(new URLSearchParams(body));
      const action = parameters.get("Action") ?? "";
      asked.push({ action, parameters, host: new URL(origin).host });
      const answer = aws[action]?.(parameters) ?? { refused: "InvalidAction", message: action };
      const isEc2 = parameters.get("Version") === VERSION;
      const text = typeof answer === "string" ? result(action, answer, isEc2) : refusal(answer, isEc2);
      const statusCode = typeof answer === "string" ? 200 : (answer.status ?? 400);
      const content = (async function* () {
        yield Buffer.from(text);
      })();
      return { statusCode, headers: { "content-type": "text/xml" }, body: content };
    },
  };
  return { network: { dispatcher } as unknown as Network, asked };
}

function result(action: string, inner: string, isEc2: boolean): string {
  const content = isEc2 ? inner : `<${action}Result>${inner}</${action}Result>`;
  return `<${action}Response>${content}</${action}Response>`;
}

function refusal({ refused, message = "no" }: Exclude<FakeAnswer, string>, isEc2: boolean): string {
  const error = `<Error><Code>${refused}</Code><Message>${message}</Message></Error>`;
  return isEc2 ? `<Response><Errors>${error}</Errors></Response>` : `<ErrorResponse>${error}</ErrorResponse>`;
}

/** Elements by their names; lists are given as text. */
export function xml(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join("");
}
