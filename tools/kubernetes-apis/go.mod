// Pins the module whose kinds say in which version of Kubernetes they are served. Nothing of it is built or run.
module sparki.tools/deploy/tools/kubernetes-apis

go 1.26.0

require k8s.io/api v0.37.2
