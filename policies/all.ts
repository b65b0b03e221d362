import { allowedRegionsOnly } from "./allowed-regions-only.ts";
import { cacheAuthenticates } from "./cache-authenticates.ts";
import { cacheEncryptedWithCustomerKey } from "./cache-encrypted-with-customer-key.ts";
import { cacheFailsOver } from "./cache-fails-over.ts";
import { cacheMaintained } from "./cache-maintained.ts";
import { cacheSnapshots } from "./cache-snapshots.ts";
import { cacheTlsInTransit } from "./cache-tls-in-transit.ts";
import { certificatesRenewThemselves } from "./certificates-renew-themselves.ts";
import { chartsDeclared } from "./charts-declared.ts";
import { clusterAccessEntries } from "./cluster-access-entries.ts";
import { clusterEndpointPrivate } from "./cluster-endpoint-private.ts";
import { clusterLogsComplete } from "./cluster-logs-complete.ts";
import { clusterRolesLeast } from "./cluster-roles-least.ts";
import { clusterSecretsEncrypted } from "./cluster-secrets-encrypted.ts";
import { clusterVersionSupported } from "./cluster-version-supported.ts";
import { databaseBackups } from "./database-backups.ts";
import { databaseEncryptedWithCustomerKey } from "./database-encrypted-with-customer-key.ts";
import { databaseEnhancedMonitoring } from "./database-enhanced-monitoring.ts";
import { databaseForcesTls } from "./database-forces-tls.ts";
import { databaseIamAuthentication } from "./database-iam-authentication.ts";
import { databaseInPrivateSubnets } from "./database-in-private-subnets.ts";
import { databaseInSeveralZones } from "./database-in-several-zones.ts";
import { databaseLogs } from "./database-logs.ts";
import { databaseMinorUpgrades } from "./database-minor-upgrades.ts";
import { databaseNoDefaultNames } from "./database-no-default-names.ts";
import { databaseNotPublic } from "./database-not-public.ts";
import { databasePerformanceInsights } from "./database-performance-insights.ts";
import { databaseProtectedFromDeletion } from "./database-protected-from-deletion.ts";
import { databaseSnapshotsTagged } from "./database-snapshots-tagged.ts";
import { declaredOnly } from "./declared-only.ts";
import { defaultSecurityGroupEmpty } from "./default-security-group-empty.ts";
import { everythingTagged } from "./everything-tagged.ts";
import { guardedKindsOnly } from "./guarded-kinds-only.ts";
import { imageTagsImmutable } from "./image-tags-immutable.ts";
import { imagesByDigest } from "./images-by-digest.ts";
import { imagesScannedOnPush } from "./images-scanned-on-push.ts";
import { keyGuarded } from "./key-guarded.ts";
import { keyRotates } from "./key-rotates.ts";
import { leastPrivilege } from "./least-privilege.ts";
import { listenersHttpsOnly } from "./listeners-https-only.ts";
import { listenersModernTls } from "./listeners-modern-tls.ts";
import { loadBalancerAccessLogs } from "./load-balancer-access-logs.ts";
import { loadBalancerHardened } from "./load-balancer-hardened.ts";
import { loadBalancerProtected } from "./load-balancer-protected.ts";
import { logGroupsKeptAndEncrypted } from "./log-groups-kept-and-encrypted.ts";
import { namespacesDenyByDefault } from "./namespaces-deny-by-default.ts";
import { namespacesRestricted } from "./namespaces-restricted.ts";
import { networkPoliciesEnforced } from "./network-policies-enforced.ts";
import { noFullAccess } from "./no-full-access.ts";
import { noPlainSecrets } from "./no-plain-secrets.ts";
import { noSecretInChartValues } from "./no-secret-in-chart-values.ts";
import { noWorldEgress } from "./no-world-egress.ts";
import { noWorldIngress } from "./no-world-ingress.ts";
import { noWorldLogin } from "./no-world-login.ts";
import { nodesDisksEncrypted } from "./nodes-disks-encrypted.ts";
import { nodesImdsv2 } from "./nodes-imdsv2.ts";
import { nodesNoOpenSsh } from "./nodes-no-open-ssh.ts";
import { nodesPrivate } from "./nodes-private.ts";
import { podIdentityPerAccount } from "./pod-identity-per-account.ts";
import { podsApartFromHost } from "./pods-apart-from-host.ts";
import { podsBounded } from "./pods-bounded.ts";
import { podsConfined } from "./pods-confined.ts";
import { podsNoCapabilities } from "./pods-no-capabilities.ts";
import { podsNoEscalation } from "./pods-no-escalation.ts";
import { podsNotRoot } from "./pods-not-root.ts";
import { podsReadOnly } from "./pods-read-only.ts";
import { podsSecretsAsFiles } from "./pods-secrets-as-files.ts";
import type { Policy } from "./policy.ts";
import { publicLoadBalancerBehindFirewall } from "./public-load-balancer-behind-firewall.ts";
import { repositoriesLeastAccess } from "./repositories-least-access.ts";
import { rolesTrustByName } from "./roles-trust-by-name.ts";
import { secretsEncryptedWithCustomerKey } from "./secrets-encrypted-with-customer-key.ts";
import { secretsRotate } from "./secrets-rotate.ts";
import { securityGroupsDescribed } from "./security-groups-described.ts";
import { serviceAccountsWithoutTokens } from "./service-accounts-without-tokens.ts";
import { stackAboveItsFloor } from "./stack-above-its-floor.ts";
import { statefulKept } from "./stateful-kept.ts";
import { subnetNoPublicAddress } from "./subnet-no-public-address.ts";
import { takenByAws } from "./taken-by-aws.ts";
import { targetGroupsHealthChecked } from "./target-groups-health-checked.ts";
import { vpcEndpoints } from "./vpc-endpoints.ts";
import { vpcFlowLogs } from "./vpc-flow-logs.ts";
import { wayOutInEachZone } from "./way-out-in-each-zone.ts";
import { zoneLoggedAndSigned } from "./zone-logged-and-signed.ts";

/** Every policy of the pack; importing this serves nothing. */
export const policies: readonly Policy[] = [
  allowedRegionsOnly,
  cacheAuthenticates,
  cacheEncryptedWithCustomerKey,
  cacheFailsOver,
  cacheMaintained,
  cacheSnapshots,
  cacheTlsInTransit,
  certificatesRenewThemselves,
  chartsDeclared,
  clusterAccessEntries,
  clusterEndpointPrivate,
  clusterLogsComplete,
  clusterRolesLeast,
  clusterSecretsEncrypted,
  clusterVersionSupported,
  databaseBackups,
  databaseEncryptedWithCustomerKey,
  databaseEnhancedMonitoring,
  databaseForcesTls,
  databaseIamAuthentication,
  databaseInPrivateSubnets,
  databaseInSeveralZones,
  databaseLogs,
  databaseMinorUpgrades,
  databaseNoDefaultNames,
  databaseNotPublic,
  databasePerformanceInsights,
  databaseProtectedFromDeletion,
  databaseSnapshotsTagged,
  declaredOnly,
  defaultSecurityGroupEmpty,
  everythingTagged,
  guardedKindsOnly,
  imageTagsImmutable,
  imagesByDigest,
  imagesScannedOnPush,
  keyGuarded,
  keyRotates,
  leastPrivilege,
  listenersHttpsOnly,
  listenersModernTls,
  loadBalancerAccessLogs,
  loadBalancerHardened,
  loadBalancerProtected,
  logGroupsKeptAndEncrypted,
  namespacesDenyByDefault,
  namespacesRestricted,
  networkPoliciesEnforced,
  noFullAccess,
  noPlainSecrets,
  noSecretInChartValues,
  noWorldEgress,
  noWorldIngress,
  noWorldLogin,
  nodesDisksEncrypted,
  nodesImdsv2,
  nodesNoOpenSsh,
  nodesPrivate,
  podIdentityPerAccount,
  podsApartFromHost,
  podsBounded,
  podsConfined,
  podsNoCapabilities,
  podsNoEscalation,
  podsNotRoot,
  podsReadOnly,
  podsSecretsAsFiles,
  publicLoadBalancerBehindFirewall,
  repositoriesLeastAccess,
  rolesTrustByName,
  secretsEncryptedWithCustomerKey,
  secretsRotate,
  securityGroupsDescribed,
  serviceAccountsWithoutTokens,
  stackAboveItsFloor,
  statefulKept,
  subnetNoPublicAddress,
  takenByAws,
  targetGroupsHealthChecked,
  vpcEndpoints,
  vpcFlowLogs,
  wayOutInEachZone,
  zoneLoggedAndSigned,
];
