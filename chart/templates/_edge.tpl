{{/* What values say about the edges. */}}
{{- define "atoll.edge" -}}
{{- $proxy := .values.proxy -}}
{{- $service := $proxy.service -}}
{{- $public := index .objects "Service proxy-public" -}}
{{- $_ := set $public.metadata "annotations" (default dict $service.annotations) -}}
{{- include "atoll.assign" (list $public.metadata.labels (default dict $service.labels)) -}}
{{- include "atoll.take" (list $public.spec $service "type" "loadBalancerIP" "loadBalancerSourceRanges" "externalIPs") -}}
{{- $ports := list -}}
{{- $https := $proxy.https -}}
{{- $isSecure := eq (include "atoll.hasHttpsPort" .) "true" -}}
{{- $http := first $public.spec.ports -}}
{{- if eq (include "atoll.innerPort" .) "http" -}}
{{- $port := deepCopy $http -}}
{{- with $service.nodePorts.http -}}{{- $_ := set $port "nodePort" . -}}{{- end -}}
{{- $ports = append $ports $port -}}
{{- end -}}
{{- if $isSecure -}}
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
{{- include "atoll.edgeTls" (list .objects $https $deployment.spec.template.spec) -}}
{{- include "atoll.part" (dict "context" . "template" $deployment.spec.template "part" $part "labels" $proxy.labels "annotations" $proxy.annotations) -}}
{{- end -}}

{{/* Who ends TLS; z2jh's default asks Let's Encrypt, which nothing here does. */}}
{{- define "atoll.tlsType" -}}
{{- if .enabled -}}{{- ternary (toString .type) "letsencrypt" (hasKey . "type") -}}{{- end -}}
{{- end -}}

{{/* Whether people come in by HTTPS: the edges end its TLS, or a load balancer in front. */}}
{{- define "atoll.hasHttpsPort" -}}
{{- has (include "atoll.tlsType" .values.proxy.https) (list "offload" "manual" "secret") -}}
{{- end -}}

{{/* The name of the service's port at which whatever is inside the cluster comes to the edges: one that there is. */}}
{{- define "atoll.innerPort" -}}
{{- if and (eq (include "atoll.hasHttpsPort" .) "true") .values.proxy.service.disableHttpPort -}}https{{- else -}}http{{- end -}}
{{- end -}}

{{/* With what the edges end TLS: objects, `proxy.https`, and the edge's pod. */}}
{{- define "atoll.edgeTls" -}}
{{- $objects := first . -}}
{{- $https := index . 1 -}}
{{- $pod := index . 2 -}}
{{- $container := first $pod.containers -}}
{{- $type := include "atoll.tlsType" $https -}}
{{- $secret := index $objects "Secret proxy-public-manual-tls" -}}
{{- if has $type (list "manual" "secret") -}}
{{- range $https.hosts -}}{{- $_ := set $container "args" (concat $container.args (list "--tls-host" .)) -}}{{- end -}}
{{- else -}}
{{- $args := list -}}
{{- range $container.args -}}{{- if not (regexMatch "^--tls-|^/etc/atoll/tls/" .) -}}{{- $args = append $args . -}}{{- end -}}{{- end -}}
{{- $_ := set $container "args" $args -}}
{{- $_ := set $container "volumeMounts" (include "atoll.withoutNamed" (list $container.volumeMounts "tls") | fromJson).items -}}
{{- $_ := set $pod "volumes" (include "atoll.withoutNamed" (list $pod.volumes "tls") | fromJson).items -}}
{{- end -}}
{{- if eq $type "manual" -}}
{{- $_ := set $secret.data "tls.crt" (required "https.type: manual needs https.manual.cert." $https.manual.cert | b64enc) -}}
{{- $_ := set $secret.data "tls.key" (required "https.type: manual needs https.manual.key." $https.manual.key | b64enc) -}}
{{- else -}}
{{- $_ := unset $objects "Secret proxy-public-manual-tls" -}}
{{- end -}}
{{- if eq $type "secret" -}}
{{- range $pod.volumes -}}
{{- if eq .name "tls" -}}
{{- $_ := set .secret "secretName" (required "https.type: secret needs https.secret.name." $https.secret.name) -}}
{{- $_ := set (first .secret.items) "key" (default "tls.crt" $https.secret.crt) -}}
{{- $_ := set (last .secret.items) "key" (default "tls.key" $https.secret.key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The items of a list but the one of a name (JSON: `{items}`). */}}
{{- define "atoll.withoutNamed" -}}
{{- $items := list -}}
{{- $name := index . 1 -}}
{{- range first . -}}{{- if ne .name $name -}}{{- $items = append $items . -}}{{- end -}}{{- end -}}
{{- toJson (dict "items" $items) -}}
{{- end -}}
