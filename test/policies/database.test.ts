import {
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
} from "../../policies/database.ts";
import { database, key, parameterGroup, role, subnets, vpc } from "../support/policy-examples.ts";
import { AWS_KEY, example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseBackups, {
  passes: {
    "backups for a week": database.with({ backupRetentionPeriod: 7 }),
  },
  stops: {
    "backups for six days": ["backupRetentionPeriod", database.with({ backupRetentionPeriod: 6 })],
    "backups as AWS has them": ["backupRetentionPeriod", database.without("backupRetentionPeriod")],
    "what preview cannot know": ["backupRetentionPeriod", database.from("backupRetentionPeriod")],
  },
});

proves(databaseEncryptedWithCustomerKey, {
  passes: {
    "a database under a customer key": database,
    "a database under a key of the same stack": [key, database.from("kmsKeyId", key)],
  },
  stops: {
    "a database that is not encrypted": ["storageEncrypted", database.with({ storageEncrypted: false })],
    "a database that does not say": ["storageEncrypted", database.without("storageEncrypted")],
    "encryption that preview cannot know": ["storageEncrypted", database.from("storageEncrypted")],
    "a database under no named key": ["kmsKeyId", database.without("kmsKeyId")],
    "a database under AWS's own key": ["kmsKeyId", database.with({ kmsKeyId: AWS_KEY })],
    "a key that comes from something else": ["kmsKeyId", [vpc, database.from("kmsKeyId", vpc)]],
  },
});

proves(databaseEnhancedMonitoring, {
  passes: {
    "a look every minute": database,
    "a look every second": database.with({ monitoringInterval: 1 }),
    "a role of the same stack": [role, database.from("monitoringRoleArn", role)],
  },
  stops: {
    "no looks": ["monitoringInterval", database.with({ monitoringInterval: 0 })],
    "monitoring left to AWS": ["monitoringInterval", database.without("monitoringInterval")],
    "a look every two minutes": ["monitoringInterval", database.with({ monitoringInterval: 120 })],
    "nobody who may look": ["monitoringRoleArn", database.without("monitoringRoleArn")],
    "an empty role": ["monitoringRoleArn", database.with({ monitoringRoleArn: "" })],
    "a role that is something else": ["monitoringRoleArn", [vpc, database.from("monitoringRoleArn", vpc)]],
  },
});

proves(databaseForcesTls, {
  passes: {
    "a database whose parameters force TLS": [parameterGroup(), database],
    "a database that takes its group from the stack": [
      parameterGroup(),
      database.from("parameterGroupName", parameterGroup()),
    ],
    "another engine's parameters": parameterGroup().with({ family: "mysql8.4", parameters: [] }),
  },
  stops: {
    "TLS switched off": ["parameters", parameterGroup({ "rds.force_ssl": "0" })],
    "TLS left to the client": ["parameters", parameterGroup({ "rds.force_ssl": undefined })],
    "a group without parameters": ["parameters", parameterGroup().without("parameters")],
    "a group of no stack": ["parameterGroupName", database],
    "another group of the stack": [
      "parameterGroupName",
      [parameterGroup(), database.with({ parameterGroupName: "x" })],
    ],
    "the default group": ["parameterGroupName", [parameterGroup(), database.without("parameterGroupName")]],
  },
});

proves(databaseIamAuthentication, {
  passes: {
    "a database that takes IAM": database,
  },
  stops: {
    "a database that does not": [
      "iamDatabaseAuthenticationEnabled",
      database.with({ iamDatabaseAuthenticationEnabled: false }),
    ],
    "a database that leaves it to AWS": [
      "iamDatabaseAuthenticationEnabled",
      database.without("iamDatabaseAuthenticationEnabled"),
    ],
  },
});

{
  const group = example("aws:rds/subnetGroup:SubnetGroup", { subnetIds: [] }).fromEach("subnetIds", ...subnets);
  const table = example("aws:ec2/routeTable:RouteTable", { vpcId: "vpc-1" });
  const gateway = example("aws:ec2/internetGateway:InternetGateway", {});
  const nat = example("aws:ec2/natGateway:NatGateway", {});
  const route = example("aws:ec2/route:Route", { destinationCidrBlock: "0.0.0.0/0" }).from("routeTableId", table);
  const association = example("aws:ec2/routeTableAssociation:RouteTableAssociation", { routeTableId: "" }).from(
    "routeTableId",
    table,
  );
  const tied = subnets.map((subnet) => association.named(`for-${subnet.traits.name}`).from("subnetId", subnet));
  const network = [...subnets, table, gateway, nat, ...tied, group];

  proves(databaseInPrivateSubnets, {
    passes: {
      "a database in a group of the stack": [group, ...subnets, database.from("dbSubnetGroupName", group)],
      "subnets without a route out": network,
      "subnets with a way out by NAT": [...network, route.from("natGatewayId", nat)],
      "a table that the gateway does not serve": [...network, route.from("routeTableId").from("gatewayId", gateway)],
    },
    stops: {
      "a database that leaves its subnets to AWS": ["dbSubnetGroupName", database.without("dbSubnetGroupName")],
      "a database in the default subnets": ["dbSubnetGroupName", database.with({ dbSubnetGroupName: "default" })],
      "a group that is something else": ["dbSubnetGroupName", [vpc, database.from("dbSubnetGroupName", vpc)]],
      "a group of no known subnets": ["subnetIds", group.from("subnetIds")],
      "subnets that the internet leads to": ["subnetIds", [...network, route.from("gatewayId", gateway)]],
      "subnets whose table says so itself": [
        "subnetIds",
        [...subnets, gateway, ...tied, group, table.with({ vpcId: "vpc-1" }).from("routes", gateway)],
      ],
    },
  });
}

proves(databaseInSeveralZones, {
  passes: {
    "a database in several zones": database,
  },
  stops: {
    "a database in one zone": ["multiAz", database.with({ multiAz: false })],
    "a database that leaves it to AWS": ["multiAz", database.without("multiAz")],
  },
});

proves(databaseLogs, {
  passes: {
    "exported logs of statements": [database, parameterGroup()],
    "every statement, however fast": parameterGroup({ log_min_duration_statement: "0" }),
    "another engine's parameters": parameterGroup().with({ family: "mysql8.4", parameters: [] }),
  },
  stops: {
    "logs that stay on the instance": [
      "enabledCloudwatchLogsExports",
      database.without("enabledCloudwatchLogsExports"),
    ],
    "no log of upgrades": [
      "enabledCloudwatchLogsExports",
      database.with({ enabledCloudwatchLogsExports: ["postgresql"] }),
    ],
    "no log of queries": ["enabledCloudwatchLogsExports", database.with({ enabledCloudwatchLogsExports: ["upgrade"] })],
    "no statements logged": ["parameters.log_statement", parameterGroup({ log_statement: "none" })],
    "statements left to PostgreSQL": ["parameters.log_statement", parameterGroup({ log_statement: undefined })],
    "no slow statements": [
      "parameters.log_min_duration_statement",
      parameterGroup({ log_min_duration_statement: "-1" }),
    ],
    "slow statements left to PostgreSQL": [
      "parameters.log_min_duration_statement",
      parameterGroup({ log_min_duration_statement: undefined }),
    ],
  },
});

proves(databaseMinorUpgrades, {
  passes: {
    "a database that upgrades itself": database,
  },
  stops: {
    "a database that does not": ["autoMinorVersionUpgrade", database.with({ autoMinorVersionUpgrade: false })],
    "a database that does not say": ["autoMinorVersionUpgrade", database.without("autoMinorVersionUpgrade")],
  },
});

proves(databaseNoDefaultNames, {
  passes: {
    "names that nobody guesses first": database,
  },
  stops: {
    "the default administrator": ["username", database.with({ username: "postgres" })],
    "the default administrator in capitals": ["username", database.with({ username: "Admin" })],
    "no administrator's name": ["username", database.without("username")],
    "PostgreSQL's port": ["port", database.with({ port: 5432 })],
    "MySQL's port": ["port", database.with({ port: 3306 })],
    "no port, which is the default one": ["port", database.without("port")],
  },
});

proves(databaseNotPublic, {
  passes: {
    "a private database": database,
  },
  stops: {
    "a public database": ["publiclyAccessible", database.with({ publiclyAccessible: true })],
    "a database that leaves it to AWS": ["publiclyAccessible", database.without("publiclyAccessible")],
    "what preview cannot know": ["publiclyAccessible", database.from("publiclyAccessible")],
  },
});

proves(databasePerformanceInsights, {
  passes: {
    "insights under a customer key": database,
    "insights under a key of the same stack": [key, database.from("performanceInsightsKmsKeyId", key)],
  },
  stops: {
    "no insights": ["performanceInsightsEnabled", database.with({ performanceInsightsEnabled: false })],
    "insights left to AWS": ["performanceInsightsEnabled", database.without("performanceInsightsEnabled")],
    "insights under AWS's key": ["performanceInsightsKmsKeyId", database.without("performanceInsightsKmsKeyId")],
    "a key that is something else": [
      "performanceInsightsKmsKeyId",
      [vpc, database.from("performanceInsightsKmsKeyId", vpc)],
    ],
  },
});

proves(databaseProtectedFromDeletion, {
  passes: {
    "a protected database": database,
    "a database whose deletion is approved": {
      stack: database.with({ deletionProtection: false }),
      config: {
        approvals: [{ resource: "database-instance", action: "delete", by: "@alexarno", until: "2026-11-23" }],
      },
    },
  },
  stops: {
    "a database that one call deletes": ["deletionProtection", database.with({ deletionProtection: false })],
    "a database that leaves it to AWS": ["deletionProtection", database.without("deletionProtection")],
    "an approval that has ended": [
      "deletionProtection",
      database.with({ deletionProtection: false }),
      { approvals: [{ resource: "database-instance", action: "delete", by: "@alexarno", until: "2026-11-22" }] },
    ],
    "an approval to replace it": [
      "deletionProtection",
      database.with({ deletionProtection: false }),
      { approvals: [{ resource: "database-instance", action: "replace", by: "@alexarno", until: "2026-12-31" }] },
    ],
  },
});

proves(databaseSnapshotsTagged, {
  passes: {
    "tagged snapshots and a current authority": database,
    "an elliptic authority": database.with({ caCertIdentifier: "rds-ca-ecc384-g1" }),
  },
  stops: {
    "snapshots without tags": ["copyTagsToSnapshot", database.with({ copyTagsToSnapshot: false })],
    "snapshots left to AWS": ["copyTagsToSnapshot", database.without("copyTagsToSnapshot")],
    "an authority that has expired": ["caCertIdentifier", database.with({ caCertIdentifier: "rds-ca-2019" })],
    "no named authority": ["caCertIdentifier", database.without("caCertIdentifier")],
  },
});
