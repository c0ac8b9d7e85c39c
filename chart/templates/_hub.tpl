{{/* What values say about the hub. */}}
{{- define "atoll.hub" -}}
{{- $objects := .objects -}}
{{- $values := .values -}}
{{- $hub := .values.hub -}}
{{- $deployment := index $objects "Deployment hub" -}}
{{- $template := $deployment.spec.template -}}
{{- $container := first $template.spec.containers -}}

{{- if eq (include "atoll.innerPort" .) "https" -}}
{{- $args := list -}}
{{- range $container.args -}}
{{- $args = append $args (ternary (print . ":443") . (hasPrefix "http://proxy-public." .)) -}}
{{- end -}}
{{- $_ := set $container "args" $args -}}
{{- end -}}

{{- $settings := index $objects "Secret atoll-settings" -}}
{{- $kept := get $settings.data "settings.json" | b64dec | fromJson -}}
{{- $file := dict "name" "values.yaml" "text" .text -}}
{{- $text := dict "inputs" (prepend $kept.inputs $file) | toJson -}}
{{- $_ := set $settings.data "settings.json" (b64enc $text) -}}
{{- $_ := set $template.metadata.annotations "atoll/settings" (sha256sum $text) -}}
{{- $keys := index $objects "Secret atoll-keys" -}}
{{- $_ := set $keys.data "control-token" (b64enc .token) -}}
{{- $claim := index $objects "PersistentVolumeClaim hub-data" -}}
{{- range list $keys $claim -}}
{{- $_ := set .metadata "annotations" (dict "helm.sh/resource-policy" "keep") -}}
{{- end -}}

{{- $pvc := $hub.db.pvc -}}
{{- include "atoll.assign" (list $claim.metadata.annotations (default dict $pvc.annotations)) -}}
{{- include "atoll.take" (list $claim.spec $pvc "accessModes" "storageClassName" "selector") -}}
{{- with $pvc.storage -}}{{- $_ := set $claim.spec.resources.requests "storage" . -}}{{- end -}}
{{- if hasKey $pvc "subPath" -}}{{- $_ := set (first $container.volumeMounts) "subPath" $pvc.subPath -}}{{- end -}}

{{- if eq (include "atoll.hasDatabase" .) "true" -}}
{{- $_ := unset $objects "PersistentVolumeClaim hub-data" -}}
{{- $_ := unset (set (first $template.spec.volumes) "emptyDir" dict) "persistentVolumeClaim" -}}
{{- end -}}

{{- $account := index $objects "ServiceAccount hub" -}}
{{- with $hub.serviceAccount.name -}}
{{- $_ := set $account.metadata "name" . -}}
{{- $_ := set $template.spec "serviceAccountName" . -}}
{{- $_ := set (first (index $objects "RoleBinding hub").subjects) "name" . -}}
{{- end -}}
{{- include "atoll.take" (list $account.metadata $hub.serviceAccount "annotations") -}}
{{- if eq (toString $hub.serviceAccount.create) "false" -}}{{- $_ := unset $objects "ServiceAccount hub" -}}{{- end -}}
{{- $rbac := true -}}
{{- if hasKey $values.rbac "enabled" -}}{{- $rbac = $values.rbac.enabled -}}{{- end -}}
{{- if hasKey $values.rbac "create" -}}{{- $rbac = $values.rbac.create -}}{{- end -}}
{{- if not $rbac -}}{{- $_ := unset (unset $objects "Role hub") "RoleBinding hub" -}}{{- end -}}

{{- $service := index $objects "Service hub" -}}
{{- include "atoll.take" (list $service.spec $hub.service "type") -}}
{{- $_ := set $service.spec "ports" (concat $service.spec.ports (default list $hub.service.extraPorts)) -}}

{{- include "atoll.take" (list $deployment.spec $hub "revisionHistoryLimit") -}}
{{- $base := include "atoll.base" . -}}
{{- $_ := set $template.metadata.annotations "prometheus.io/path" (print $base "hub/metrics") -}}
{{- range $probe := list "startupProbe" "livenessProbe" "readinessProbe" -}}
{{- $_ := set (get $container $probe).httpGet "path" (print $base "hub/health") -}}
{{- end -}}
{{- range $probe := list "livenessProbe" "readinessProbe" -}}
{{- include "atoll.assign" (list (get $container $probe) (omit (default dict (get $hub $probe)) "enabled")) -}}
{{- end -}}
{{- with $hub.lifecycle -}}{{- $_ := set $container "lifecycle" . -}}{{- end -}}
{{- $_ := set $container "env" (concat $container.env (include "atoll.environment" $hub.extraEnv | fromJson).items) -}}
{{- $part := deepCopy $hub -}}
{{- if hasKey $hub "fsGid" -}}
{{- $_ := set $part "podSecurityContext" (merge (default dict $part.podSecurityContext) (dict "fsGroup" $hub.fsGid)) -}}
{{- end -}}
{{- if and (hasKey $hub "uid") (not (hasKey $hub "containerSecurityContext")) -}}
{{- $_ := set $part "containerSecurityContext" (dict "runAsUser" $hub.uid) -}}
{{- end -}}
{{- include "atoll.part" (dict "context" . "template" $template "part" $part "labels" $hub.labels "annotations" $hub.annotations) -}}
{{- end -}}

{{/* The path below which everything is served; it begins and ends with a slash. */}}
{{- define "atoll.base" -}}
{{- regexReplaceAll "/+" (printf "/%s/" (default .values.hub.baseUrl .values.hub.config.JupyterHub.base_url | default "")) "/" -}}
{{- end -}}

{{/* Whether the data are in a database elsewhere, and not on a volume. */}}
{{- define "atoll.hasDatabase" -}}
{{- has (default "" .values.hub.db.type) (list "postgres" "other") -}}
{{- end -}}

{{/* `extraEnv`, a map or a list, as Kubernetes has it (JSON: `{items}`). */}}
{{- define "atoll.environment" -}}
{{- $items := list -}}
{{- if kindIs "slice" . -}}
{{- $items = . -}}
{{- else -}}
{{- range $name, $value := . -}}
{{- $item := dict "name" $name "value" (toString $value) -}}
{{- if kindIs "map" $value -}}
{{- $item = merge (dict "name" $name) $value -}}
{{- end -}}
{{- $items = append $items $item -}}
{{- end -}}
{{- end -}}
{{- toJson (dict "items" $items) -}}
{{- end -}}
