# Lets make follow the headers that each source really includes.

for edgerun_room in $ngx_addon_dir/src/*/; do
    edgerun_room=`basename $edgerun_room`
    cat << END                                                >> $NGX_MAKEFILE

$NGX_OBJS/addon/$edgerun_room/%.o: CFLAGS += -MMD -MP
-include \$(wildcard $NGX_OBJS/addon/$edgerun_room/*.d)
END
done
