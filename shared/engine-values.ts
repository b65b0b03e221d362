/** Stands for a text that a preview cannot know yet; the engine shows it as such and passes it on. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Every sentinel of Pulumi's engine for a value not yet known: string, bool, number, array, asset, archive, object. */
export const UNKNOWN_VALUES: ReadonlySet<string> = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** The key of an object by which the engine marks what is no plain value; what stands under it says which kind. */
export const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
/** Under the key: a secret. */
export const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
/** Under the key: a reference to a resource. */
export const RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e";
