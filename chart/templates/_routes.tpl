{{/* What values say about how people come in from outside. */}}
{{- define "atoll.routes" -}}
{{- if and (eq (include "atoll.tlsType" .values.proxy.https) "letsencrypt") (not .values.ingress.enabled) (not .values.httpRoute.enabled) -}}
{{- fail "Atoll asks Let's Encrypt for no certificates itself. Have cert-manager write a Certificate into a secret, and set proxy.https.type: secret and proxy.https.secret.name; or let an ingress end TLS." -}}
{{- end -}}
{{- $port := include "atoll.innerPort" . -}}
{{- $written := .values.ingress -}}
{{- if $written.enabled -}}
{{- $ingress := index .objects "Ingress jupyterhub" -}}
{{- $_ := set $ingress.metadata "annotations" (default dict $written.annotations) -}}
{{- include "atoll.take" (list $ingress.spec $written "ingressClassName") -}}
{{- $path := first (first $ingress.spec.rules).http.paths -}}
{{- $_ := set $path "path" (print (include "atoll.base" .) (default "" $written.pathSuffix)) -}}
{{- include "atoll.take" (list $path $written "pathType") -}}
{{- $_ := set $path.backend.service.port "name" $port -}}
{{- $http := dict "paths" (prepend (default list $written.extraPaths) $path) -}}
{{- $rules := list -}}
{{- range $written.hosts -}}{{- $rules = append $rules (dict "host" . "http" $http) -}}{{- end -}}
{{- $_ := set $ingress.spec "rules" (default (list (dict "http" $http)) $rules) -}}
{{- with $written.tls -}}{{- $_ := set $ingress.spec "tls" . -}}{{- end -}}
{{- else -}}
{{- $_ := unset .objects "Ingress jupyterhub" -}}
{{- end -}}
{{- $written := .values.httpRoute -}}
{{- if $written.enabled -}}
{{- $route := index .objects "HTTPRoute jupyterhub" -}}
{{- $_ := set $route.metadata "annotations" (default dict $written.annotations) -}}
{{- with $written.gateway -}}{{- $_ := set $route.spec "parentRefs" (list .) -}}{{- end -}}
{{- include "atoll.take" (list $route.spec $written "parentRefs") -}}
{{- with $written.hostnames -}}{{- $_ := set $route.spec "hostnames" . -}}{{- end -}}
{{- if eq $port "https" -}}{{- $_ := set (first (first $route.spec.rules).backendRefs) "port" 443 -}}{{- end -}}
{{- else -}}
{{- $_ := unset .objects "HTTPRoute jupyterhub" -}}
{{- end -}}
{{- end -}}
