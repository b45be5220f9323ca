# hyperdrive-chip
# Set period to what is wanted, and the parts of it that are outside.
set period 2
set outside_in [expr 0.4 * $period]
set outside_out [expr 0.4 * $period]

create_clock -name clk -period $period [get_ports clk]

# Every output comes from registers alone, so no path leads through the component.
# The reset is synchronous and timed like any input.
set_input_delay -clock clk $outside_in [get_ports rst]
set_input_delay -clock clk $outside_in [get_ports {i_descriptors_payload[*]}]
set_input_delay -clock clk $outside_in [get_ports i_descriptors_valid]
set_output_delay -clock clk $outside_out [get_ports i_descriptors_ready]
set_input_delay -clock clk $outside_in [get_ports {i_weights_payload[*]}]
set_input_delay -clock clk $outside_in [get_ports i_weights_valid]
set_output_delay -clock clk $outside_out [get_ports i_weights_ready]
set_input_delay -clock clk $outside_in [get_ports {i_pixels_payload[*]}]
set_input_delay -clock clk $outside_in [get_ports i_pixels_valid]
set_output_delay -clock clk $outside_out [get_ports i_pixels_ready]
set_output_delay -clock clk $outside_out [get_ports {o_pixels_payload[*]}]
set_output_delay -clock clk $outside_out [get_ports o_pixels_valid]
set_input_delay -clock clk $outside_in [get_ports o_pixels_ready]
set_output_delay -clock clk $outside_out [get_ports {o_reports_payload[*]}]
set_output_delay -clock clk $outside_out [get_ports o_reports_valid]
set_input_delay -clock clk $outside_in [get_ports o_reports_ready]
set_output_delay -clock clk $outside_out [get_ports busy]
