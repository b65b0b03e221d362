/** Something in the account that carries the stack's tags. */
export interface Leftover {
  readonly kind: "database-instance" | "database-snapshot" | "volume" | "address";
  /** By which AWS deletes it. */
  readonly id: string;
  /** By which Pulumi's state would know it. */
  readonly stateId: string;
  /** In seconds since 1970; undefined where AWS does not say. */
  readonly createdAt: number | undefined;
  readonly gib: number | undefined;
  /** Of an instance. */
  readonly instanceClass?: string;
  readonly multiZone?: boolean;
  /** Of an instance, AWS's own word. */
  readonly status?: string;
}

/** What may be left of a stack at AWS: nothing that is attached, associated or without the stack's tags. */
export interface Leftovers {
  list(): Promise<readonly Leftover[]>;
  /**
   * Deletes it; of an instance RDS keeps a final snapshot, named after it. Looks first whether it is still as it was
   * listed, and throws SPARKI_OUTSIDE where it is not, or AWS refuses.
   */
  remove(leftover: Leftover): Promise<void>;
}
