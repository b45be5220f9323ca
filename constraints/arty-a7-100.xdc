# Digilent Arty A7-100T. Written by `flexdrive board constraints arty-a7-100`.
create_clock -name clock -period 10.000 [get_ports clock]
set_property -dict {PACKAGE_PIN E3 IOSTANDARD LVCMOS33} [get_ports clock]
set_property -dict {PACKAGE_PIN A9 IOSTANDARD LVCMOS33} [get_ports rx]
set_property -dict {PACKAGE_PIN D10 IOSTANDARD LVCMOS33} [get_ports tx]
set_property -dict {PACKAGE_PIN H5 IOSTANDARD LVCMOS33} [get_ports alive]
set_property -dict {PACKAGE_PIN J5 IOSTANDARD LVCMOS33} [get_ports busy]
set_property -dict {PACKAGE_PIN T9 IOSTANDARD LVCMOS33} [get_ports fault]
# The line from the host passes two registers; what leaves is slow.
set_false_path -from [get_ports rx]
set_false_path -to [get_ports {tx alive busy fault}]
set_property CFGBVS VCCO [current_design]
set_property CONFIG_VOLTAGE 3.3 [current_design]
