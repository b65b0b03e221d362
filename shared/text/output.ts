import { withoutSecrets } from "./secrets.ts";
import { defused, terminalText, visible } from "./visible.ts";

/** A stream of the process, or a test's own. */
export type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** The only way to a terminal or a pipe: what is written through it is made safe first. */
class SafeOutput {
  readonly #stream: Stream;

  readonly #naming: (text: string) => string;

  constructor(stream: Stream, naming: (text: string) => string) {
    this.#stream = stream;
    this.#naming = naming;
  }

  get isTTY(): boolean {
    return this.#stream.isTTY === true;
  }

  get columns(): number | undefined {
    return this.#stream.columns;
  }

  /** `done` is called once the text is on its way out. */
  write(text: string, done?: () => void): void {
    this.#stream.write(terminalText(this.#naming(text)), done);
  }

  /** On a terminal: the line that is not ended yet goes away. */
  eraseLine(): void {
    if (this.isTTY) this.#stream.write("\r\u001b[K");
  }

  static named(output: Output, text: string): string {
    return output.#naming(text);
  }

  static streamOf(output: Output): Stream {
    return output.#stream;
  }
}

/** No other module can make one. */
export type Output = SafeOutput;

/** The output on a stream, whose texts pass `naming` first; an output stays what it is. */
export function openOutput(stream: Stream | Output, naming: (text: string) => string = (text) => text): Output {
  return stream instanceof SafeOutput ? stream : new SafeOutput(stream, naming);
}

/** Writes one JSON document, whose texts are safe to be shown and which stays valid JSON. */
export function writeDocument(output: Output, document: unknown, indent: number | undefined = 2): void {
  SafeOutput.streamOf(output).write(`${SafeOutput.named(output, documentText(document, indent))}\n`);
}

/** The stream itself, for a library that draws on a terminal: what it is given to draw is made safe by `terminalText`. */
export function drawingOn(output: Output): NodeJS.WritableStream {
  return SafeOutput.streamOf(output);
}

/**
 * Writes what another program needs as it is: the environment of a rehearsal, whose passphrase and tokens are of use
 * nowhere else. Never text from outside.
 */
export function writeOwn(output: Output, text: string): void {
  SafeOutput.streamOf(output).write(text);
}

/** A document as JSON, for programs and for people who print its texts: none holds a secret, a control or a command to CI. */
export function documentText(document: unknown, indent: number | undefined = 2): string {
  return JSON.stringify(safeDocument(document), undefined, indent);
}

/** The document with all its texts made safe; numbers, booleans and its shape stay. */
export function safeDocument(document: unknown): unknown {
  const seen = textsBy(visible, JSON.parse(JSON.stringify(document ?? null)));
  // Last: what takes secrets out reads escaped letters as what they stand for, and so could write a command.
  return textsBy(defused, withoutSecrets(seen));
}

function textsBy(change: (text: string) => string, value: unknown): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((each) => textsBy(change, each));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [change(key), textsBy(change, each)]));
}
