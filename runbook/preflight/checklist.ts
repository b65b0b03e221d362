import type { Check } from "./check.ts";
import { credentials } from "./checks/account.ts";
import { alertmanager, sampleAlert } from "./checks/alerting.ts";
import { awsCli } from "./checks/aws-cli.ts";
import { backup, restoreTest } from "./checks/backups.ts";
import { certificate } from "./checks/certificate.ts";
import { charts } from "./checks/charts.ts";
import { ciGreen, merged } from "./checks/code.ts";
import { entrance } from "./checks/entrance.ts";
import { featureFlags } from "./checks/flags.ts";
import { helmReleases } from "./checks/helm-releases.ts";
import { images, pulling, rollbackImages } from "./checks/images.ts";
import { commandCenter, elasticsearch, kibana, logsArrive, logstash } from "./checks/logs.ts";
import { dashboards, grafana, prometheus, prometheusTargets } from "./checks/metrics.ts";
import { migrations } from "./checks/migrations.ts";
import { name, zone } from "./checks/names.ts";
import { offers } from "./checks/offers.ts";
import { maintenanceWindow, onCall } from "./checks/people.ts";
import { permissions } from "./checks/permissions.ts";
import { quotas } from "./checks/quotas.ts";
import { secrets } from "./checks/secrets.ts";
import { serviceRoles } from "./checks/service-roles.ts";
import { signatures } from "./checks/signatures.ts";
import { slack } from "./checks/slack.ts";
import { stateClean, stateFree } from "./checks/state.ts";
import { takenNames } from "./checks/taken-names.ts";
import { jaeger } from "./checks/traces.ts";

/** The runbook's checklist before a deployment, in the order in which it is shown. */
export const CHECKLIST: readonly Check[] = [
  credentials,
  permissions,
  awsCli,
  offers,
  quotas,
  serviceRoles,
  takenNames,
  stateFree,
  stateClean,
  backup,
  restoreTest,
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
