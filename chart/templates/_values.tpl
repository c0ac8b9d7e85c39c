{{/* Values in the layout of daskhub, without wrappers and nulls, and with every map that the templates look into (JSON). */}}
{{- define "atoll.values" -}}
{{- $layout := .layout -}}
{{- $values := .values -}}
{{- range concat $layout.wrappers $layout.wrappers -}}
{{- if kindIs "map" (get $values .) -}}
{{- $values = mergeOverwrite (omit (deepCopy $values) .) (deepCopy (get $values .)) -}}
{{- end -}}
{{- end -}}
{{- $charts := $layout.charts -}}
{{- if not (or (hasKey $values "jupyterhub") (hasKey $values "dask-gateway")) -}}
{{- $hubKeys := $charts.jupyterhub -}}
{{- if eq (len (pick $values "gateway" "controller" "traefik")) 0 -}}
{{- $hubKeys = concat $hubKeys $layout.shared -}}
{{- end -}}
{{- $nested := dict -}}
{{- range $hubKeys -}}
{{- if hasKey $values . -}}{{- $_ := set $nested . (get $values .) -}}{{- end -}}
{{- end -}}
{{- $values = set (deepCopy $values) "jupyterhub" $nested -}}
{{- end -}}
{{- $read := list "hub" "proxy" "singleuser" "scheduling" "prePuller" "ingress" "httpRoute" "imagePullSecret" "imagePullSecrets" "rbac" -}}
{{- $used := dict "atoll" (default dict $values.atoll) -}}
{{- range $read -}}
{{- if hasKey (default dict $values.jupyterhub) . -}}{{- $_ := set $used . (get $values.jupyterhub .) -}}{{- end -}}
{{- end -}}
{{- $sections := dict "atoll" (get $layout.sections "atoll") -}}
{{- range $read -}}
{{- if hasKey $layout.sections.jupyterhub . -}}{{- $_ := set $sections . (get $layout.sections.jupyterhub .) -}}{{- end -}}
{{- end -}}
{{- toJson (merge (include "atoll.withoutNulls" $used | fromJson) $sections) -}}
{{- end -}}

{{/* A map without the keys whose value is null, at any depth (JSON). */}}
{{- define "atoll.withoutNulls" -}}
{{- $result := dict -}}
{{- range $key, $value := . -}}
{{- if kindIs "map" $value -}}
{{- $_ := set $result $key (include "atoll.withoutNulls" $value | fromJson) -}}
{{- else if not (kindIs "invalid" $value) -}}
{{- $_ := set $result $key $value -}}
{{- end -}}
{{- end -}}
{{- toJson $result -}}
{{- end -}}

{{/* Puts the entries of the second map into the first. */}}
{{- define "atoll.assign" -}}
{{- $target := first . -}}
{{- range $key, $value := index . 1 -}}{{- $_ := set $target $key $value -}}{{- end -}}
{{- end -}}

{{/* Puts some entries of the second map, by the names that follow, into the first. */}}
{{- define "atoll.take" -}}
{{- $target := first . -}}
{{- $source := index . 1 -}}
{{- range slice . 2 -}}
{{- if hasKey $source . -}}{{- $_ := set $target . (get $source .) -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/* Memory as JupyterHub reads it (powers of 1024), in bytes. */}}
{{- define "atoll.bytes" -}}
{{- $text := toString . | trim -}}
{{- $number := regexFind "^[0-9.]+" $text | float64 -}}
{{- $unit := regexFind "[KMGT]" $text -}}
{{- range until (index (dict "" 0 "K" 1 "M" 2 "G" 3 "T" 4) $unit) -}}{{- $number = mulf $number 1024.0 -}}{{- end -}}
{{- int64 $number -}}
{{- end -}}

{{/* Cores, of which `500m` is a half. */}}
{{- define "atoll.cores" -}}
{{- $text := toString . | trim -}}
{{- if hasSuffix "m" $text -}}{{- divf (trimSuffix "m" $text | float64) 1000.0 -}}{{- else -}}{{- $text -}}{{- end -}}
{{- end -}}

{{/* Names of secrets, given as texts or as `{name}`, as Kubernetes has them, each once (JSON: `{items}`). */}}
{{- define "atoll.pullSecrets" -}}
{{- $items := list -}}
{{- range . -}}
{{- $item := . -}}
{{- if kindIs "string" . -}}{{- $item = dict "name" . -}}{{- end -}}
{{- $items = append $items $item -}}
{{- end -}}
{{- toJson (dict "items" (uniq $items)) -}}
{{- end -}}
