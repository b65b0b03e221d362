import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { OciRegistry } from "../oci-registry.ts";

/** An image that cosign has signed, as it and its signature are in a registry. */
export interface SignedImage {
  /** The image's digest. */
  readonly image: string;
  /** In the order in which they can be pushed. */
  readonly manifests: readonly { readonly type: string; readonly tag?: string; readonly text: string }[];
  readonly blobs: readonly string[];
}

interface Recorded {
  /** The public key that all are signed with. */
  readonly key: string;
  readonly cases: Readonly<Record<string, SignedImage>>;
}

/**
 * Images signed by cosign itself, versions 2.6.5 and 3.1.3, with one key pair and no transparency log, as they then lay in
 * the distribution project's registry:
 *
 *     cosign sign --yes --key cosign.key --tlog-upload=false [--new-bundle-format] 127.0.0.1:5055/IMAGE@DIGEST
 *     cosign sign --yes --key cosign.key --tlog-upload=false --use-signing-config=false 127.0.0.1:5055/IMAGE@DIGEST
 */
export const RECORDED: Recorded = JSON.parse(readFileSync(join(import.meta.dirname, "signed-images.json"), "utf8"));

/** Pushes the image and its signature; a manifest under a tag is left away where `isTagged` is false. */
export async function pushSigned(
  registry: OciRegistry,
  repository: string,
  { blobs, manifests }: SignedImage,
  isTagged = true,
) {
  for (const blob of blobs) await registry.blob(repository, blob);
  for (const { text, type, tag } of manifests) {
    if (tag === undefined) await registry.manifest(repository, text, { type });
    else if (isTagged) await registry.manifest(repository, text, { type, tag });
  }
}
