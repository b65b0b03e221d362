/** What AWS answers when it refuses: its own error code, and words of the same meaning as its own. */
export class AwsError extends Error {
  readonly code: string;

  constructor(code: string, text: string) {
    super(`api error ${code}: ${text}`);
    this.name = "AwsError";
    this.code = code;
  }
}
