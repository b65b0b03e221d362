import type { Delivery, Messenger } from "../../io/slack.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import type { Message } from "../../shared/text/markup.ts";

/** A message as it was said, and whether anyone heard it. */
export interface Notification {
  readonly channel: string;
  readonly text: string;
  readonly delivered: boolean;
  /** Why it was not delivered; null when it was. */
  readonly problem: string | null;
}

/** Tells people without ever holding up what it tells of: messages go out in order, while the work continues. */
export class Notifications {
  readonly #messenger: Messenger;
  readonly #onProblem: (text: string) => void;
  #last: Promise<readonly Notification[]> = Promise.resolve([]);

  /** `onProblem` shows a message that was not delivered, with the reason. */
  constructor(messenger: Messenger, onProblem: (text: string) => void) {
    this.#messenger = messenger;
    this.#onProblem = onProblem;
  }

  /** Sends the message after those before it; returns at once. */
  tell(message: Message): void {
    this.#last = this.#last.then(async (earlier) => [...earlier, await this.#deliver(message)]);
  }

  /** Resolves with everything that was told, once Slack was tried for all of it; never rejects. */
  all(): Promise<readonly Notification[]> {
    return this.#last;
  }

  async #deliver(message: Message): Promise<Notification> {
    const delivery = await this.#messenger.send(message).catch(
      (error: unknown): Delivery => ({
        delivered: false,
        problem: messageOf(error),
      }),
    );
    const problem = delivery.delivered ? null : delivery.problem;
    if (problem !== null) this.#onProblem(`  ! not posted in ${message.channel}: ${problem}`);
    return { ...message, delivered: delivery.delivered, problem };
  }
}
