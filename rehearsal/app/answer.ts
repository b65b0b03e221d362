export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
}

/** An answer with a JSON body. */
export function json(status: number, value: unknown): Answer {
  return { status, body: JSON.stringify(value), contentType: "application/json" };
}

/** A request that cannot be answered as asked, with the status that says so. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
