{{/* What values say about who may talk to whom. */}}
{{- define "atoll.networkPolicies" -}}
{{- $objects := .objects -}}
{{- $values := .values -}}
{{- $edge := index $objects "NetworkPolicy edge" -}}
{{- $behindServices := false -}}
{{/* Those in the hub's own pod are reached by way of the hub. */}}
{{- $inPod := "^https?://(hub|localhost|127[.][0-9.]+|[[]::1[]])([:/]|$)" -}}
{{- range $service := default dict $values.hub.services -}}
{{- if kindIs "map" $service -}}{{- if $service.url -}}
{{- if not (regexMatch $inPod $service.url) -}}{{- $behindServices = true -}}{{- end -}}
{{- end -}}{{- end -}}
{{- end -}}
{{- if not $behindServices -}}{{- $_ := set $edge.spec "egress" (initial $edge.spec.egress) -}}{{- end -}}

{{- if eq (include "atoll.hasDatabase" .) "true" -}}
{{- $port := regexFind ":[0-9]+$" (urlParse (regexReplaceAll "[+][a-z0-9_]+:" $values.hub.db.url ":")).host -}}
{{- range $rule := (index $objects "NetworkPolicy hub").spec.egress -}}
{{- if and (not $rule.to) (eq (int (first $rule.ports).port) 443) -}}
{{- $database := dict "protocol" "TCP" "port" (int (default "5432" (trimPrefix ":" $port))) -}}
{{- $_ := set $rule "ports" (append $rule.ports $database) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The last rule of each is what is outside: public addresses. */}}
{{- $rules := $values.singleuser.networkPolicy.egressAllowRules -}}
{{- range list "singleuser" "dask-scheduler" "dask-worker" -}}
{{- $spec := (index $objects (print "NetworkPolicy " .)).spec -}}
{{- $public := (first (last $spec.egress).to).ipBlock -}}
{{- if eq (toString $rules.nonPrivateIPs) "false" -}}{{- $_ := set $spec "egress" (initial $spec.egress) -}}{{- end -}}
{{- if $rules.privateIPs -}}
{{- $to := list -}}
{{- range initial $public.except -}}{{- $to = append $to (dict "ipBlock" (dict "cidr" .)) -}}{{- end -}}
{{- $_ := set $spec "egress" (append $spec.egress (dict "to" $to)) -}}
{{- end -}}
{{- if $rules.cloudMetadataServer -}}
{{- $to := list (dict "ipBlock" (dict "cidr" (last $public.except))) -}}
{{- $_ := set $spec "egress" (append $spec.egress (dict "to" $to)) -}}
{{- end -}}
{{- end -}}

{{- $edgePolicy := deepCopy $values.proxy.networkPolicy -}}
{{- include "atoll.assign" (list $edgePolicy $values.proxy.chp.networkPolicy) -}}
{{- $written := dict "hub" $values.hub.networkPolicy "edge" $edgePolicy "singleuser" $values.singleuser.networkPolicy -}}
{{- range $name, $policy := $written -}}
{{- $spec := (index $objects (print "NetworkPolicy " $name)).spec -}}
{{- $_ := set $spec "ingress" (concat $spec.ingress (default list $policy.ingress)) -}}
{{- $_ := set $spec "egress" (concat $spec.egress (default list $policy.egress)) -}}
{{- if eq (toString $policy.enabled) "false" -}}{{- $_ := unset $objects (print "NetworkPolicy " $name) -}}{{- end -}}
{{- end -}}
{{- end -}}
