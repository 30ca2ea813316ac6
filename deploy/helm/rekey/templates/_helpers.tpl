{{/* The beginning of all names. */}}
{{- define "rekey.name" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "rekey.labels" -}}
app.kubernetes.io/part-of: rekey
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What a part's Pods are known by: dict "root" $ "part" "identity". */}}
{{- define "rekey.selector" -}}
app.kubernetes.io/name: rekey
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{/* The parts, in the order in which they are started: whoever is called comes first. */}}
{{- define "rekey.parts" -}}
notification verification identity{{ if .Values.portal.enabled }} portal{{ end }}
{{- end -}}

{{- define "rekey.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "rekey.tlsSecret" -}}
{{- if eq .root.Values.tls.mode "certManager" -}}{{ include "rekey.name" .root }}-{{ .part }}-tls
{{- else -}}{{ index .root.Values.tls.secrets .part }}{{- end -}}
{{- end -}}

{{- define "rekey.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "rekey.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities:
  drop: [ALL]
{{- end -}}

{{/* A URL, written or from a Secret: dict "variable" "REKEY__…" "of" .Values.redis. */}}
{{- define "rekey.url" -}}
- name: {{ .variable }}__URL
{{- if .of.urlSecret.name }}
  valueFrom:
    secretKeyRef:
      name: {{ .of.urlSecret.name }}
      key: {{ .of.urlSecret.key }}
{{- else }}
  value: {{ required (printf "%s: a url or a urlSecret is needed" .variable) .of.url | quote }}
{{- end }}
{{- if .of.password.secret }}
- name: {{ .variable }}__PASSWORD_FILE
  value: /etc/rekey/store/{{ .file }}
{{- end }}
{{- end -}}

{{/* Where the stores of a part are. */}}
{{- define "rekey.stores" -}}
{{- $values := .root.Values -}}
{{- if eq .part "identity" }}
{{ include "rekey.url" (dict "variable" "REKEY__IDENTITY__STORE" "of" $values.postgres.identity "file" "postgres") }}
{{ include "rekey.url" (dict "variable" "REKEY__IDENTITY__THROTTLE" "of" $values.redis "file" "redis") }}
{{- else if eq .part "verification" }}
{{ include "rekey.url" (dict "variable" "REKEY__VERIFICATION__STORE" "of" $values.redis "file" "redis") }}
{{- else if eq .part "notification" }}
{{ include "rekey.url" (dict "variable" "REKEY__NOTIFICATION__STORE" "of" $values.postgres.notification "file" "postgres") }}
{{- end }}
{{- end -}}

{{/* How a part calls another: dict "root" "part" "to". */}}
{{- define "rekey.neighbour" -}}
{{- $variable := printf "REKEY__%s__%s" (upper .part) (upper .to) -}}
{{- $tls := .root.Values.tls -}}
- name: {{ $variable }}__ENDPOINT
  value: {{ ternary "http" "https" (eq $tls.mode "mesh") }}://{{ include "rekey.name" .root }}-{{ .to }}.{{ .root.Release.Namespace }}.svc:{{ (index .root.Values .to).port }}
- name: {{ $variable }}__BALANCE
  value: "true"
- name: {{ $variable }}__TOKEN_FILE
  value: /etc/rekey/tokens/{{ .part }}
{{- if ne $tls.mode "mesh" }}
- name: {{ $variable }}__CA_FILE
  value: /etc/rekey/tls/ca.crt
{{- if $tls.clientCertificates }}
- name: {{ $variable }}__CERTIFICATE_FILE
  value: /etc/rekey/tls/tls.crt
- name: {{ $variable }}__KEY_FILE
  value: /etc/rekey/tls/tls.key
{{- end }}
{{- end }}
{{- end -}}

{{/* The keys of a part, by the settings that name their files. */}}
{{- define "rekey.keyNames" -}}
{{- if eq .part "identity" -}}pepper access_token tokens decoy login_hash familiar_place
{{- else if eq .part "verification" -}}code_mac code_seal grant
{{- else if eq .part "portal" -}}cookie
{{- else -}}payload_seal{{ if .root.Values.notification.receiptKey }} receipt_mac{{ end }}{{- end -}}
{{- end -}}

{{/* The settings of a part, as variables. */}}
{{- define "rekey.env" -}}
{{- $values := .root.Values -}}
{{- $part := .part -}}
{{- $own := index $values $part -}}
{{- $prefix := printf "REKEY__%s" (upper $part) -}}
- name: REKEY_CONFIG
  value: /etc/rekey/settings/rekey.toml
- name: {{ $prefix }}__SERVER__LISTEN
  value: {{ printf "%s:%v" $values.listenAddress $own.port | quote }}
- name: REKEY__HEALTH__LISTEN
  value: {{ printf "%s:%v" $values.listenAddress $own.healthPort | quote }}
{{- if ne $part "portal" }}
- name: {{ $prefix }}__SERVER__CALLERS_FILE
  value: /etc/rekey/callers/{{ $part }}.toml
{{- end }}
{{- if eq $values.tls.mode "mesh" }}
- name: {{ $prefix }}__SERVER__TRUST_NETWORK
  value: mesh
{{- else }}
- name: {{ $prefix }}__SERVER__TLS__CERTIFICATE_FILE
  value: /etc/rekey/tls/tls.crt
- name: {{ $prefix }}__SERVER__TLS__KEY_FILE
  value: /etc/rekey/tls/tls.key
{{- /* Browsers show no certificate. */}}
{{- if and $values.tls.clientCertificates (ne $part "portal") }}
- name: {{ $prefix }}__SERVER__TLS__CLIENT_CA_FILE
  value: /etc/rekey/tls/ca.crt
- name: {{ $prefix }}__SERVER__TLS__CLIENT_CERTIFICATE_REQUIRED
  value: "true"
{{- end }}
{{- end }}
{{- range splitList " " (include "rekey.keyNames" .) }}
- name: {{ $prefix }}__KEYS__{{ upper . }}_FILE
  value: /etc/rekey/keys/{{ replace "_" "-" . }}
{{- end }}
{{- include "rekey.stores" . }}
{{- if and (eq $part "verification") $values.secrets.policies }}
- name: REKEY__VERIFICATION__POLICIES_FILE
  value: /etc/rekey/policies/policies.toml
{{- end }}
{{- if eq $part "identity" }}
- name: REKEY__IDENTITY__PORTAL_URL
  value: {{ required "portalUrl is needed: notices link there" $values.portalUrl | quote }}
- name: REKEY__IDENTITY__RESETS__CARRIED_KINDS
  value: {{ join "," $values.carriedKinds | quote }}
- name: REKEY__IDENTITY__HASHING__THREADS
  value: {{ $own.hashingThreads | quote }}
- name: REKEY__IDENTITY__THROTTLE__PROCESSES
  value: {{ ternary $own.autoscaling.maxReplicas $own.replicas $own.autoscaling.enabled | quote }}
{{ include "rekey.neighbour" (dict "root" .root "part" $part "to" "verification") }}
{{- end }}
{{- if eq $part "portal" }}
{{- if get (urlParse $values.portalUrl) "path" }}{{ fail "portalUrl has a path, and the portal stands at the root of its host" }}{{ end }}
- name: REKEY__PORTAL__PUBLIC_URL
  value: {{ $values.portalUrl | quote }}
{{- with $own.tenantId }}
- name: REKEY__PORTAL__TENANT_ID
  value: {{ . | quote }}
{{- end }}
{{- with $own.trustedProxies }}
- name: REKEY__PORTAL__TRUSTED_PROXIES
  value: {{ join "," . | quote }}
{{- end }}
{{ include "rekey.neighbour" (dict "root" .root "part" $part "to" "identity") }}
{{- end }}
{{- if ne $part "notification" }}
{{ include "rekey.neighbour" (dict "root" .root "part" $part "to" "notification") }}
{{- else }}
{{- include "rekey.mail" .root }}
- name: REKEY__NOTIFICATION__TEMPLATES__LINK_HOSTS
  value: {{ get (urlParse $values.portalUrl) "hostname" | quote }}
{{- end }}
- name: REKEY__TELEMETRY__FORMAT
  value: json
- name: REKEY__TELEMETRY__FILTER
  value: {{ $values.telemetry.filter | quote }}
{{- with $values.telemetry.otlpEndpoint }}
- name: REKEY__TELEMETRY__OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- range $name, $value := $own.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with $own.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "rekey.mail" -}}
{{- with .Values.mail }}
{{- if .host }}
{{- $prefix := "REKEY__NOTIFICATION__PROVIDERS__0" }}
{{- $settings := dict "KIND" "smtp" "HOST" .host "PORT" .port "TLS" .tls "FROM" (required "mail.from is needed" .from) }}
{{- if .fromName }}{{ $_ := set $settings "FROM_NAME" .fromName }}{{ end }}
{{- if .username }}{{ $_ := set $settings "USERNAME" .username }}{{ end }}
{{- if .password.secret }}{{ $_ := set $settings "PASSWORD_FILE" "/etc/rekey/mail/password" }}{{ end }}
{{- if .ca.secret }}{{ $_ := set $settings "CA_FILE" "/etc/rekey/mail/ca.crt" }}{{ end }}
{{- range $name, $value := $settings }}
- name: {{ $prefix }}__{{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* One file of a Secret under a name of ours, as a source of a projected volume. */}}
{{- define "rekey.source" -}}
- secret:
    name: {{ .secret }}
    items:
      - key: {{ .key }}
        path: {{ .path }}
{{- end -}}

{{/* What is mounted below /etc/rekey. Group and mode let nobody but the process read a secret. */}}
{{- define "rekey.volumes" -}}
{{- $values := .root.Values -}}
{{- $part := .part -}}
- name: settings
  configMap:
    name: {{ include "rekey.name" .root }}-settings
- name: keys
  secret:
    secretName: {{ $values.secrets.keys }}
    defaultMode: 0440
    items:
    {{- range splitList " " (include "rekey.keyNames" .) }}
      - key: {{ replace "_" "-" . }}
        path: {{ replace "_" "-" . }}
    {{- end }}
{{- if ne $part "portal" }}
- name: callers
  secret:
    secretName: {{ $values.secrets.callers }}
    defaultMode: 0440
    items:
      - key: {{ $part }}.toml
        path: {{ $part }}.toml
{{- end }}
{{- if and (eq $part "verification") $values.secrets.policies }}
- name: policies
  secret:
    secretName: {{ $values.secrets.policies }}
    defaultMode: 0440
    items:
      - key: policies.toml
        path: policies.toml
{{- end }}
{{- if ne $part "notification" }}
- name: tokens
  secret:
    secretName: {{ $values.secrets.tokens }}
    defaultMode: 0440
    items:
      - key: {{ $part }}
        path: {{ $part }}
{{- end }}
{{- if ne $values.tls.mode "mesh" }}
- name: tls
  secret:
    secretName: {{ include "rekey.tlsSecret" . }}
    defaultMode: 0440
{{- end }}
{{- include "rekey.storeVolumes" . }}
{{- if and (eq $part "notification") $values.mail.host (or $values.mail.password.secret $values.mail.ca.secret) }}
- name: mail
  projected:
    defaultMode: 0440
    sources:
    {{- with $values.mail.password }}{{ if .secret }}
      {{- include "rekey.source" (dict "secret" .secret "key" .key "path" "password") | nindent 6 }}
    {{- end }}{{ end }}
    {{- with $values.mail.ca }}{{ if .secret }}
      {{- include "rekey.source" (dict "secret" .secret "key" .key "path" "ca.crt") | nindent 6 }}
    {{- end }}{{ end }}
{{- end }}
{{- with (index $values $part).extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The passwords of a part's stores, as pairs of a file and where it comes from. */}}
{{- define "rekey.storeVolumes" -}}
{{- $values := .root.Values -}}
{{- $passwords := dict -}}
{{- if has .part (list "identity" "verification") }}{{ $_ := set $passwords "redis" $values.redis.password }}{{ end -}}
{{- if has .part (list "identity" "notification") }}{{ $_ := set $passwords "postgres" (index $values.postgres .part).password }}{{ end -}}
{{- $named := list -}}
{{- range $file, $from := $passwords }}{{ if $from.secret }}{{ $named = append $named (dict "secret" $from.secret "key" $from.key "path" $file) }}{{ end }}{{ end -}}
{{- if $named }}
- name: store
  projected:
    defaultMode: 0440
    sources:
    {{- range $named }}
      {{- include "rekey.source" . | nindent 6 }}
    {{- end }}
{{- end }}
{{- if and $values.postgres.ca.secret (has .part (list "identity" "notification")) }}
- name: postgres-ca
  projected:
    defaultMode: 0440
    sources:
      {{- include "rekey.source" (dict "secret" $values.postgres.ca.secret "key" $values.postgres.ca.key "path" "ca.crt") | nindent 6 }}
{{- end }}
{{- end -}}

{{/* Every volume of ours is mounted below /etc/rekey under its own name. */}}
{{- define "rekey.mounts" -}}
{{- $own := index .root.Values .part -}}
{{- $extra := list -}}
{{- range $own.extraVolumes }}{{ $extra = append $extra .name }}{{ end -}}
{{- range (include "rekey.volumes" . | fromYamlArray) }}
{{- if not (has .name $extra) }}
- name: {{ .name }}
  mountPath: /etc/rekey/{{ .name }}
  readOnly: true
{{- end }}
{{- end }}
{{- with $own.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}
