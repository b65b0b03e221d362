import { charts, helmReleases } from "./charts.ts";
import type { Check } from "./check.ts";
import { awsCli, credentials, offers, permissions, permissionsBoundary, serviceRoles } from "./checks/account.ts";
import { ciGreen, merged } from "./checks/code.ts";
import {
  backup,
  cacheRestoreTest,
  cacheVersion,
  databaseAuthority,
  databaseVersion,
  restoreTest,
} from "./checks/databases.ts";
import { images, pulling, rollbackImages, signatures } from "./checks/images.ts";
import { certificate, entrance, name, takenNames, zone } from "./checks/names.ts";
import {
  alertmanager,
  commandCenter,
  dashboards,
  elasticsearch,
  grafana,
  jaeger,
  kibana,
  logsArrive,
  logstash,
  prometheus,
  prometheusTargets,
  sampleAlert,
  slack,
} from "./checks/observability.ts";
import { featureFlags, maintenanceWindow, onCall } from "./checks/people.ts";
import { quotas } from "./checks/quotas.ts";
import { secrets } from "./checks/secrets.ts";
import { clusterExists, stateClean, stateFree } from "./checks/state.ts";
import { kubernetesApis } from "./kubernetes-apis.ts";
import { migrations } from "./migrations.ts";

/** The runbook's checklist before a deployment, in the order in which it is shown. */
export const CHECKLIST: readonly Check[] = [
  credentials,
  clusterExists,
  permissions,
  permissionsBoundary,
  awsCli,
  offers,
  quotas,
  serviceRoles,
  takenNames,
  stateFree,
  stateClean,
  backup,
  restoreTest,
  databaseVersion,
  databaseAuthority,
  cacheVersion,
  cacheRestoreTest,
  zone,
  name,
  certificate,
  entrance,
  helmReleases,

  merged,
  ciGreen,
  images,
  rollbackImages,
  pulling,
  signatures,
  charts,
  kubernetesApis,
  secrets,
  migrations,
  featureFlags,

  slack,
  onCall,
  maintenanceWindow,

  prometheus,
  prometheusTargets,
  grafana,
  dashboards,
  jaeger,
  elasticsearch,
  logsArrive,
  logstash,
  kibana,
  alertmanager,
  sampleAlert,
  commandCenter,
];
