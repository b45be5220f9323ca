# flexv-core
# Set period to what is wanted, and the parts of it that are outside.
set period 2
set outside_in [expr 0.4 * $period]
set outside_out [expr 0.4 * $period]

create_clock -name clk -period $period [get_ports clk]

# Paths through it lead from a response on ibus to its req and addr, and from one on dbus to its req.
# The reset is synchronous and timed like any input.
set_input_delay -clock clk $outside_in [get_ports rst]
set_output_delay -clock clk $outside_out [get_ports ibus_req]
set_input_delay -clock clk $outside_in [get_ports ibus_gnt]
set_output_delay -clock clk $outside_out [get_ports {ibus_addr[*]}]
set_input_delay -clock clk $outside_in [get_ports ibus_rvalid]
set_input_delay -clock clk $outside_in [get_ports {ibus_rdata[*]}]
set_input_delay -clock clk $outside_in [get_ports ibus_err]
set_output_delay -clock clk $outside_out [get_ports dbus_req]
set_input_delay -clock clk $outside_in [get_ports dbus_gnt]
set_output_delay -clock clk $outside_out [get_ports {dbus_addr[*]}]
set_output_delay -clock clk $outside_out [get_ports dbus_we]
set_output_delay -clock clk $outside_out [get_ports {dbus_be[*]}]
set_output_delay -clock clk $outside_out [get_ports {dbus_wdata[*]}]
set_input_delay -clock clk $outside_in [get_ports dbus_rvalid]
set_input_delay -clock clk $outside_in [get_ports {dbus_rdata[*]}]
set_input_delay -clock clk $outside_in [get_ports dbus_err]
set_input_delay -clock clk $outside_in [get_ports {boot_address[*]}]
set_input_delay -clock clk $outside_in [get_ports {interrupts[*]}]
set_input_delay -clock clk $outside_in [get_ports {hart_id[*]}]
set_output_delay -clock clk $outside_out [get_ports sleeping]
