# An IP for Vivado of what `flexdrive verilog hyperdrive-axi -o DIR` wrote:
#     vivado -mode batch -source package.tcl -tclargs DIR IP_DIRECTORY
# Not run where flexdrive is developed: there is no Vivado there. The interfaces are inferred from
# the names of the ports; what is said here is which clock they belong to.

if {[llength $argv] != 2} {
    error "usage: vivado -mode batch -source package.tcl -tclargs DIR IP_DIRECTORY"
}
lassign $argv source ip
create_project -in_memory -part xc7z020clg400-1
add_files [file join $source hyperdrive_axi.v]
set_property top hyperdrive_axi [current_fileset]
update_compile_order -fileset sources_1

ipx::package_project -root_dir $ip -vendor flexdrive -library hyperdrive -taxonomy /UserIP \
    -import_files -set_current true
set core [ipx::current_core]
set_property name hyperdrive_axi $core
set_property display_name "Hyperdrive binary-weight CNN engine" $core
set_property version 1.0 $core

set interfaces {s_axi s_axis_descriptors s_axis_weights s_axis_pixels m_axis_pixels m_axis_reports}
foreach name $interfaces {
    if {[ipx::get_bus_interfaces $name -of_objects $core] eq ""} {
        error "interface $name was not inferred from the ports of hyperdrive_axi.v"
    }
    ipx::associate_bus_interfaces -busif $name -clock aclk $core
}
# One reset for all, active low.
set reset [ipx::get_bus_interfaces aresetn -of_objects $core]
set polarity [ipx::add_bus_parameter POLARITY $reset]
set_property value ACTIVE_LOW $polarity
# A level, active high.
ipx::infer_bus_interface irq xilinx.com:signal:interrupt_rtl:1.0 $core
set sensitivity [ipx::add_bus_parameter SENSITIVITY [ipx::get_bus_interfaces irq -of_objects $core]]
set_property value LEVEL_HIGH $sensitivity

ipx::create_xgui_files $core
ipx::update_checksums $core
ipx::check_integrity $core
ipx::save_core $core
