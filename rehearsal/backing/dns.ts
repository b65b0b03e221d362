import { createSocket, type Socket } from "node:dgram";
import { type Answer, AUTHORITATIVE_ANSWER, type DecodedPacket, decode, encode } from "dns-packet";
import { DeployError } from "../../shared/deploy-error.ts";
import { type End, isOwnDatagram } from "../connection-owners.ts";
import type { NameRecord, NameService } from "../services.ts";
import { canonical, replyTo } from "./dns-answers.ts";

const FLAGS = { NOERROR: AUTHORITATIVE_ANSWER, SERVFAIL: 2, NXDOMAIN: AUTHORITATIVE_ANSWER | 3 } as const;

/** Answers the names of the simulated Route 53 and of AWS itself over DNS (UDP), to our own user alone. */
export class NameServer implements NameService {
  readonly #zones = new Map<string, readonly NameRecord[]>();
  readonly #addresses = new Map<string, string>();
  readonly #random: () => number;
  readonly #onAddress: (name: string, address: string) => void;
  readonly #socket: Socket = createSocket("udp4");
  #listening = false;

  constructor(random: () => number, onAddress: (name: string, address: string) => void = () => {}) {
    this.#random = random;
    this.#onAddress = onAddress;
    this.#socket.on("message", (message, from) => void this.#respond(message, from).catch(() => undefined));
  }

  setRecords(zoneId: string, records: readonly NameRecord[]): void {
    this.#zones.set(zoneId, records);
  }

  setAddress(name: string, address: string | undefined): void {
    if (address === undefined) {
      this.#addresses.delete(canonical(name));
      return;
    }
    this.#addresses.set(canonical(name), address);
    this.#onAddress(canonical(name), address);
  }

  /** The names of AWS's that lead to an address. */
  namesAt(address: string): readonly string[] {
    return [...this.#addresses].filter(([, at]) => at === address).map(([name]) => name);
  }

  /** Begins to answer; a DeployError says when the port is taken. */
  listen(address: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.once("error", (cause) =>
        reject(new DeployError("SPARKI_OUTSIDE", `the name server cannot listen on ${address}:${port}`, { cause })),
      );
      this.#socket.bind(port, address, () => {
        this.#listening = true;
        resolve();
      });
    });
  }

  close(): Promise<void> {
    this.#listening = false;
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  async #respond(message: Buffer, from: End): Promise<void> {
    if (!(await isOwnDatagram(from))) return;
    const response = this.#answer(message);
    if (response !== undefined && this.#listening) this.#socket.send(response, from.port, from.address);
  }

  #answer(message: Buffer): Buffer | undefined {
    const query = decoded(message);
    const [question] = query?.questions ?? [];
    if (query === undefined || question === undefined) return undefined;
    const respond = (code: keyof typeof FLAGS, answers: readonly Answer[]) =>
      encode({ type: "response", id: query.id ?? 0, flags: FLAGS[code], questions: [question], answers: [...answers] });
    try {
      const table = { records: [...this.#zones.values()].flat(), addresses: this.#addresses };
      const { code, answers } = replyTo(question.name, question.type, table, this.#random);
      return respond(code, answers);
    } catch {
      // A record's value that DNS cannot carry must not end the server.
      return respond("SERVFAIL", []);
    }
  }
}

/** The query in a datagram; undefined when it is none: whoever sent it gets no answer. */
function decoded(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}
