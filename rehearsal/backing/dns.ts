import { createSocket, type Socket } from "node:dgram";
import { type Answer, AUTHORITATIVE_ANSWER, type DecodedPacket, decode, encode, type RecordType } from "dns-packet";
import { DeployError } from "../../shared/deploy-error.ts";
import { type End, isOwnDatagram } from "../../tools/callers.ts";
import type { NameRecord, NameService } from "../services.ts";
import { chooseWeighted } from "./random.ts";

export interface NameTable {
  /** The records of every zone. */
  readonly records: readonly NameRecord[];
  /** The address of each name that AWS itself serves. */
  readonly addresses: ReadonlyMap<string, string>;
  /** The DS record that the parent has for each zone, as `TAG ALGORITHM DIGEST-TYPE DIGEST`. */
  readonly signer?: string | undefined;
}

interface Reply {
  readonly code: "NOERROR" | "NXDOMAIN";
  readonly answers: readonly Answer[];
}

/** Short, so that a cutover is seen at once. */
const TTL_SECONDS = 1;

const MAX_HOPS = 8;

/** What Route 53 answers: aliases resolved, CNAMEs followed, one of a weighted set; NXDOMAIN for a name nobody holds. */
export function replyTo(name: string, type: RecordType, table: NameTable, random: () => number, hops = 0): Reply {
  if (type === "DS")
    return { code: "NOERROR", answers: table.signer === undefined ? [] : [signerOf(name, table.signer)] };
  const wanted = canonical(name);
  const held = table.records.filter((record) => canonical(record.name) === wanted);
  const address = table.addresses.get(wanted);
  if (held.length === 0 && address === undefined) return { code: "NXDOMAIN", answers: [] };
  const fixed: Answer[] = address !== undefined && type === "A" ? [addressAnswer(name, address)] : [];
  const record = oneOf(held, type, random);
  if (record?.aliasTo !== undefined)
    return { code: "NOERROR", answers: aliasAnswers(name, record.aliasTo, type, table) };
  if (record !== undefined)
    return { code: "NOERROR", answers: record.values.map((value) => answerOf(name, record.type, value)) };
  const link = type === "CNAME" ? undefined : oneOf(held, "CNAME", random)?.values[0];
  if (link === undefined || hops === MAX_HOPS) return { code: "NOERROR", answers: fixed };
  const further = replyTo(link, type, table, random, hops + 1);
  return { code: "NOERROR", answers: [answerOf(name, "CNAME", link), ...further.answers] };
}

/** Lower case and without the trailing dot: two spellings of one name are equal. */
function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function oneOf(held: readonly NameRecord[], type: RecordType, random: () => number): NameRecord | undefined {
  const choices = held.filter((record) => record.type === type);
  return chooseWeighted(
    choices.map((record) => ({ record, weight: record.weight ?? 1 })),
    random,
  )?.record;
}

function aliasAnswers(name: string, target: string, type: RecordType, table: NameTable): Answer[] {
  // AWS serves a load balancer's name with this prefix as well.
  const address = table.addresses.get(canonical(target).replace(/^dualstack\./, ""));
  return address === undefined || type !== "A" ? [] : [addressAnswer(name, address)];
}

function addressAnswer(name: string, data: string): Answer {
  return { type: "A", name, ttl: TTL_SECONDS, data };
}

function signerOf(name: string, text: string): Answer {
  const [keyTag, algorithm, digestType, digest = ""] = text.split(" ");
  const data = {
    keyTag: Number(keyTag),
    algorithm: Number(algorithm),
    digestType: Number(digestType),
    digest: Buffer.from(digest, "hex"),
  };
  return { type: "DS", name, ttl: TTL_SECONDS, data };
}

function answerOf(name: string, type: NameRecord["type"], value: string): Answer {
  const base = { name, ttl: TTL_SECONDS };
  switch (type) {
    case "TXT":
      return { ...base, type, data: value.replace(/^"(.*)"$/, "$1") };
    case "CAA":
      return { ...base, type, data: authorisation(value) };
    case "CNAME":
    case "NS":
      return { ...base, type, data: canonical(value) };
    default:
      return { ...base, type, data: value };
  }
}

/** `0 issue "amazon.com"`, as Route 53 writes it. */
function authorisation(value: string): { flags: number; tag: "issue" | "issuewild" | "iodef"; value: string } {
  const [flags, tag, quoted = ""] = value.split(/\s+/);
  if (tag !== "issue" && tag !== "issuewild" && tag !== "iodef") throw new Error(`CAA record ${JSON.stringify(value)}`);
  return { flags: Number(flags), tag, value: quoted.replace(/^"(.*)"$/, "$1") };
}

const FLAGS = { NOERROR: AUTHORITATIVE_ANSWER, SERVFAIL: 2, NXDOMAIN: AUTHORITATIVE_ANSWER | 3 } as const;

/** Answers the names of the simulated Route 53 and of AWS itself over DNS (UDP), to our own user alone. */
export class NameServer implements NameService {
  readonly #zones = new Map<string, readonly NameRecord[]>();
  readonly #addresses = new Map<string, string>();
  /** The records that are still answered while what changes does not show. */
  #stale: ReadonlyMap<string, readonly NameRecord[]> | undefined;
  #signer: string | undefined;
  readonly #random: () => number;
  readonly #socket: Socket = createSocket("udp4");
  #listening = false;

  constructor(random: () => number) {
    this.#random = random;
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
  }

  /** Whether changes of records show, or what was there before is answered on. */
  setStale(isStale: boolean): void {
    this.#stale = isStale ? (this.#stale ?? new Map(this.#zones)) : undefined;
  }

  /** What the parent zone says of the zones' keys; undefined: nothing. */
  setSigner(signer: string | undefined): void {
    this.#signer = signer;
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
      const zones = this.#stale ?? this.#zones;
      const table = { records: [...zones.values()].flat(), addresses: this.#addresses, signer: this.#signer };
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
