import { messageOf } from "../shared/message-of.ts";

/** Whether an error of the Kubernetes client says that the API answered with one of the HTTP statuses. */
export function isRefusal(error: unknown, statuses: readonly number[]): boolean {
  return error instanceof Error && "code" in error && statuses.some((status) => status === error.code);
}

/** What the API said when it refused, without the answer's headers; of any other error its message. */
export function refusalOf(error: unknown): string {
  if (!(error instanceof Error && "code" in error && "body" in error)) return messageOf(error);
  return `HTTP ${error.code}, ${String(error.body).slice(0, MOST_CHARACTERS)}`;
}

const MOST_CHARACTERS = 200;
