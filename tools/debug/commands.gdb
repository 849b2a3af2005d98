# Commands of ./pith debug: which program's symbols gdb uses for user space.
set confirm off
set pagination off
set tcp connect-timeout 30
set $component_is_loaded = 0

define kernel
  if $component_is_loaded
    remove-symbol-file -a 0x401000
  end
  set $component_is_loaded = 0
end
document kernel
Forget the symbols of the component that was chosen last.
end

define component
  kernel
  add-symbol-file components/$arg0
  set $component_is_loaded = 1
end
document component
component NAME: use the symbols of this component's program for addresses of user space.
end

define components
  shell ls components
end
document components
List the programs whose symbols can be chosen.
end
