{{/* What values say about who goes first, and about seats that are kept free. */}}
{{- define "atoll.scheduling" -}}
{{- $objects := .objects -}}
{{- $values := .values -}}
{{- $scheduling := $values.scheduling -}}
{{- $podPriority := $scheduling.podPriority -}}
{{- $placeholder := $scheduling.userPlaceholder -}}
{{- if $podPriority.enabled -}}
{{- $default := default 0 $podPriority.defaultPriority -}}
{{- $seat := ternary $podPriority.userPlaceholderPriority -10 (hasKey $podPriority "userPlaceholderPriority") -}}
{{- $users := index $objects "PriorityClass users" -}}
{{- $_ := set $users "globalDefault" (default false $podPriority.globalDefault) -}}
{{- range list "core" "schedulers" "users" -}}
{{- $class := index $objects (print "PriorityClass " .) -}}
{{- $_ := set $class "value" (add $class.value $default) -}}
{{- end -}}
{{- $_ := set (index $objects "PriorityClass workers") "value" (sub $default (ceil (divf (sub $default $seat) 2))) -}}
{{- $_ := set (index $objects "PriorityClass placeholders") "value" $seat -}}
{{- if hasKey $podPriority "imagePullerPriority" -}}
{{- $_ := set (index $objects "PriorityClass image-pullers") "value" $podPriority.imagePullerPriority -}}
{{- end -}}
{{- else -}}
{{- range $name, $_ := $objects -}}
{{- if hasPrefix "PriorityClass " $name -}}{{- $_ := unset $objects $name -}}{{- end -}}
{{- end -}}
{{- end -}}

{{- if and $podPriority.enabled $placeholder.replicas (ne (toString $placeholder.enabled) "false") -}}
{{- $set := index $objects "StatefulSet user-placeholder" -}}
{{- $_ := set $set.spec "replicas" $placeholder.replicas -}}
{{- $pod := $set.spec.template.spec -}}
{{- $container := first $pod.containers -}}
{{- include "atoll.pause" (list $container .) -}}
{{- $traits := include "atoll.traits" $values | fromJson -}}
{{- with default $values.singleuser.memory.guarantee $traits.mem_guarantee -}}
{{- $_ := set $container.resources.requests "memory" (include "atoll.bytes" .) -}}
{{- end -}}
{{- with default $values.singleuser.cpu.guarantee $traits.cpu_guarantee -}}
{{- $_ := set $container.resources.requests "cpu" (include "atoll.cores" .) -}}
{{- end -}}
{{- include "atoll.take" (list $container $placeholder "resources") -}}
{{- include "atoll.userPlace" (list $pod $values) -}}
{{- if hasKey $scheduling.userPods "tolerations" -}}{{- $_ := set $pod "tolerations" $scheduling.userPods.tolerations -}}{{- end -}}
{{- $_ := set $pod "tolerations" (concat $pod.tolerations (default (default list $values.singleuser.extraTolerations) $traits.tolerations)) -}}
{{- $_ := set $pod "affinity" (include "atoll.nodes" (list $pod.affinity $scheduling.userPods) | fromJson) -}}
{{- else -}}
{{- $_ := unset (unset $objects "StatefulSet user-placeholder") "PodDisruptionBudget user-placeholder" -}}
{{- end -}}
{{- end -}}
