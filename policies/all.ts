import { cacheTlsInTransit } from "./cache-tls-in-transit.ts";
import { clusterEndpointPrivate } from "./cluster-endpoint-private.ts";
import { clusterLogsComplete } from "./cluster-logs-complete.ts";
import { clusterSecretsEncrypted } from "./cluster-secrets-encrypted.ts";
import { databaseEncryptedWithCustomerKey } from "./database-encrypted-with-customer-key.ts";
import { databaseInSeveralZones } from "./database-in-several-zones.ts";
import { databaseNotPublic } from "./database-not-public.ts";
import { databaseProtectedFromDeletion } from "./database-protected-from-deletion.ts";
import { keyRotates } from "./key-rotates.ts";
import { noWorldIngress } from "./no-world-ingress.ts";
import type { Policy } from "./policy.ts";

/** Every policy of the pack; importing this serves nothing. */
export const policies: readonly Policy[] = [
  cacheTlsInTransit,
  clusterEndpointPrivate,
  clusterLogsComplete,
  clusterSecretsEncrypted,
  databaseEncryptedWithCustomerKey,
  databaseInSeveralZones,
  databaseNotPublic,
  databaseProtectedFromDeletion,
  keyRotates,
  noWorldIngress,
];
