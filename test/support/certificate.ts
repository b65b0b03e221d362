import { X509Certificate } from "node:crypto";
import { selfSignedPem } from "../../rehearsal/certificates.ts";
import { NOW } from "./preflight.ts";

/** A certificate of a name with at least so many days left at a fake context's time. */
export async function selfSigned(name: string, days: number): Promise<X509Certificate> {
  const late = Math.max(0, Math.ceil((NOW - Date.now() / 1000) / 86_400));
  return new X509Certificate(await selfSignedPem([name], days + late));
}
