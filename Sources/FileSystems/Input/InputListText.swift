public import Foundations
public import Input

/// What /proc/bus/input says of devices and of who hears their events. Source: Linux, drivers/input/input.c, input_devices_seq_show and
/// input_handlers_seq_show.
///
/// - Context: any.
public enum InputListText {
  /// Writes the first lines of a device, up to where its path in /sys belongs, which the caller writes: from /sys on, with a slash.
  public static func writeBeginning<Sink: TextSink & ~Copyable>(of device: InputDevice, to sink: inout Sink) {
    let identity = device.identity
    sink.write("I: Bus=")
    sink.write(hex: UInt64(identity.bus), width: 4)
    sink.write(" Vendor=")
    sink.write(hex: UInt64(identity.vendor), width: 4)
    sink.write(" Product=")
    sink.write(hex: UInt64(identity.product), width: 4)
    sink.write(" Version=")
    sink.write(hex: UInt64(identity.version), width: 4)
    sink.write("\nN: Name=\"")
    sink.write(device.name.bytes)
    sink.write("\"\nP: Phys=")
    if let text = device.physicalPath { sink.write(text.bytes) }
    sink.write("\nS: Sysfs=")
  }

  /// Writes the rest, with the empty line behind it.
  public static func writeEnd<Sink: TextSink & ~Copyable>(of device: InputDevice, to sink: inout Sink) {
    sink.write("\nU: Uniq=")
    if let text = device.uniqueName { sink.write(text.bytes) }
    sink.write("\nH: Handlers=")
    var index = 0
    while let handle = device.handle(index) {
      index += 1
      let name = handle.name
      guard name.count > 0 else { continue }
      sink.write(name.bytes)
      sink.write(" ")
    }
    sink.write("\nB: PROP=")
    let capabilities = device.capabilities
    InputFacts.write(InputBits(capabilities.properties), to: &sink)
    sink.write("\nB: EV=")
    InputFacts.write(capabilities.bits(of: .EV_SYN), to: &sink)
    sink.write("\n")
    for attribute in [InputAttribute.key, .rel, .abs, .msc, .led, .snd, .ff, .sw] {
      guard let type = attribute.type, capabilities.contains(type) else { continue }
      sink.write("B: ")
      sink.write(InputFacts.variable(of: attribute))
      sink.write("=")
      InputFacts.write(capabilities.bits(of: type), to: &sink)
      sink.write("\n")
    }
    sink.write("\n")
  }

  /// Writes a line for each of those who hear events and have a name.
  public static func writeHandlers<Sink: TextSink & ~Copyable>(to sink: inout Sink) {
    var (index, number) = (0, 0)
    while let handler = InputDevices.handler(index) {
      index += 1
      guard let name = handler.name else { continue }
      sink.write("N: Number=")
      sink.write(decimal: number)
      sink.write(" Name=")
      sink.write(name.description)
      if let minor = handler.firstMinor {
        sink.write(" Minor=")
        sink.write(decimal: UInt64(minor))
      }
      sink.write("\n")
      number += 1
    }
  }
}
