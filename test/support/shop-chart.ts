/** A chart of one Deployment, whose pods are ready once they answer. */
export const CHART = "apiVersion: v2\nname: shop\nversion: 0.1.0\nappVersion: '9'\n";

export const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, app.kubernetes.io/instance: {{ .Release.Name }}}}
    spec:
      containers:
        - name: web
          image: {{ .Values.image }}
          readinessProbe: {httpGet: {path: /health, port: 8080}}
`;
