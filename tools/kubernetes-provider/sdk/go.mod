// The few names of Pulumi's generated Kubernetes SDK for Go that its provider needs.
module github.com/pulumi/pulumi-kubernetes/sdk/v4

go 1.24.7

require github.com/pulumi/pulumi/sdk/v3 v3.215.0
