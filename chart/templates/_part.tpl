{{/* Puts what values say about a part of Atoll (`part`), and about all of them, into its pod (`template`). */}}
{{- define "atoll.part" -}}
{{- $values := .context.values -}}
{{- $part := .part -}}
{{- $deploy := $values.atoll.deploy -}}
{{- $meta := .template.metadata -}}
{{- $pod := .template.spec -}}
{{- $container := first $pod.containers -}}
{{- $_ := set $meta.annotations "atoll/keys" (sha256sum .context.token | trunc 16) -}}
{{- include "atoll.assign" (list $meta.labels (default dict .labels)) -}}
{{- include "atoll.assign" (list $meta.annotations (default dict .annotations)) -}}
{{- with concat (default list $values.imagePullSecrets) (default list $deploy.imagePullSecrets) -}}
{{- $_ := set $pod "imagePullSecrets" (include "atoll.pullSecrets" . | fromJson).items -}}
{{- end -}}
{{- if not $values.scheduling.podPriority.enabled -}}{{- $_ := unset $pod "priorityClassName" -}}{{- end -}}
{{- include "atoll.take" (list $pod $part "nodeSelector" "initContainers") -}}
{{- include "atoll.assign" (list $pod.securityContext (default dict $part.podSecurityContext)) -}}
{{- $core := $values.scheduling.corePods -}}
{{- if hasKey $core "tolerations" -}}{{- $_ := set $pod "tolerations" $core.tolerations -}}{{- end -}}
{{- $_ := set $pod "tolerations" (concat $pod.tolerations (default list $part.tolerations)) -}}
{{- $_ := set $pod "affinity" (include "atoll.nodes" (list $pod.affinity $core) | fromJson) -}}
{{- with $deploy.imagePullPolicy -}}{{- $_ := set $container "imagePullPolicy" . -}}{{- end -}}
{{- include "atoll.take" (list $container $part "resources") -}}
{{- include "atoll.assign" (list $container.securityContext (default dict $part.containerSecurityContext)) -}}
{{- $_ := set $container "volumeMounts" (concat $container.volumeMounts (default list $part.extraVolumeMounts)) -}}
{{- $_ := set $pod "containers" (concat $pod.containers (default list $part.extraContainers)) -}}
{{- $_ := set $pod "volumes" (concat $pod.volumes (default list $part.extraVolumes)) -}}
{{- include "atoll.assign" (list $pod (default dict $part.extraPodSpec)) -}}
{{- end -}}

{{/* The affinity of a pod for nodes of its purpose, as `matchNodePurpose` says (JSON). */}}
{{- define "atoll.nodes" -}}
{{- $affinity := first . -}}
{{- $mode := (index . 1).nodeAffinity.matchNodePurpose -}}
{{- if eq (toString $mode) "ignore" -}}
{}
{{- else if eq (toString $mode) "require" -}}
{{- $nodes := (first $affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution).preference -}}
{{- dict "nodeAffinity" (dict "requiredDuringSchedulingIgnoredDuringExecution" (dict "nodeSelectorTerms" (list $nodes))) | toJson -}}
{{- else -}}
{{- toJson $affinity -}}
{{- end -}}
{{- end -}}
