{{/* What values say about the edges. */}}
{{- define "atoll.edge" -}}
{{- $proxy := .values.proxy -}}
{{- $service := $proxy.service -}}
{{- $public := index .objects "Service proxy-public" -}}
{{- $_ := set $public.metadata "annotations" (default dict $service.annotations) -}}
{{- include "atoll.assign" (list $public.metadata.labels (default dict $service.labels)) -}}
{{- include "atoll.take" (list $public.spec $service "type" "loadBalancerIP" "loadBalancerSourceRanges" "externalIPs") -}}
{{- $ports := list -}}
{{- $offloads := and $proxy.https.enabled (eq (toString $proxy.https.type) "offload") -}}
{{- $http := first $public.spec.ports -}}
{{- if not (and $offloads $service.disableHttpPort) -}}
{{- $port := deepCopy $http -}}
{{- with $service.nodePorts.http -}}{{- $_ := set $port "nodePort" . -}}{{- end -}}
{{- $ports = append $ports $port -}}
{{- end -}}
{{- if $offloads -}}
{{- $port := set (set (deepCopy $http) "name" "https") "port" 443 -}}
{{- with $service.nodePorts.https -}}{{- $_ := set $port "nodePort" . -}}{{- end -}}
{{- $ports = append $ports $port -}}
{{- end -}}
{{- $_ := set $public.spec "ports" (concat $ports (default list $service.extraPorts)) -}}
{{- $old := pick $proxy "nodeSelector" "tolerations" "resources" "containerSecurityContext" -}}
{{- $part := deepCopy $old -}}
{{- include "atoll.assign" (list $part $proxy.chp) -}}
{{- $deployment := index .objects "Deployment edge" -}}
{{- include "atoll.take" (list $deployment.spec $part "revisionHistoryLimit") -}}
{{- include "atoll.part" (dict "context" . "template" $deployment.spec.template "part" $part "labels" $proxy.labels "annotations" $proxy.annotations) -}}
{{- end -}}
