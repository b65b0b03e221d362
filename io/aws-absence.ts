/** The provider fails where there is nothing to find; its words for that differ by service. */
const ABSENT =
  /no results|not ?found|no such|nosuch|can't find|couldn't find|no matching|empty result|returned 0 results|instance classes found/i;
/** Words like those, about what was needed for asking. */
const UNASKED =
  /no such (host|file)|\bENOTFOUND|executable file not found|(credential|profile|token)s?\b[^.;]*\bnot found/i;

/** Whether a failed question to AWS says that there is no such thing, and not that nobody could be asked. */
export function saysAbsent(message: string): boolean {
  return ABSENT.test(message) && !UNASKED.test(message);
}
