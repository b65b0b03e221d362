const DIGEST = /@sha256:[0-9a-f]{64}$/;

/** Whether an image is named by digest and comes from a registry that the stack allows. */
export function isAllowedImage(reference: string | undefined, allowedRegistries: readonly string[]): boolean {
  if (reference === undefined || !DIGEST.test(reference)) return false;
  return allowedRegistries.some((registry) => reference.startsWith(registry));
}
