{{/* What values say about who may talk to whom. */}}
{{- define "atoll.networkPolicies" -}}
{{- $objects := .objects -}}
{{- $values := .values -}}
{{- $edge := index $objects "NetworkPolicy edge" -}}
{{- $behindServices := false -}}
{{- range $service := default dict $values.hub.services -}}
{{- if kindIs "map" $service -}}{{- if $service.url -}}{{- $behindServices = true -}}{{- end -}}{{- end -}}
{{- end -}}
{{- if not $behindServices -}}{{- $_ := set $edge.spec "egress" (initial $edge.spec.egress) -}}{{- end -}}

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
