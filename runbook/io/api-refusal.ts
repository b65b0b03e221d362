/** Whether an error of the Kubernetes client says that the API answered with one of the HTTP statuses. */
export function isRefusal(error: unknown, statuses: readonly number[]): boolean {
  return error instanceof Error && "code" in error && statuses.some((status) => status === error.code);
}
