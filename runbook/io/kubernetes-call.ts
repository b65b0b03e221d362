import type { Middleware } from "@kubernetes/client-node";

/** The API answers what we ask within a second; one that takes ten has gone. */
const CALL_SECONDS = 10;

/** Ends each call, its answer included, after 10 seconds, and at once when the signal aborts. */
export function limitedCall(signal?: AbortSignal, seconds: number = CALL_SECONDS): Middleware {
  return {
    pre: async (request) => {
      const late = AbortSignal.timeout(seconds * 1000);
      request.setSignal(signal === undefined ? late : AbortSignal.any([signal, late]));
      return request;
    },
    post: async (response) => response,
  };
}

/** What a promise comes to, or a refusal once it took longer than so many seconds. */
export async function within<T>(promise: Promise<T>, seconds: number, problem: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${problem} within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
