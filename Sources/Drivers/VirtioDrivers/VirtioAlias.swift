public import Foundations

/// What modprobe(8) would look for to drive a virtio device, byte by byte as Linux has it: `virtio:d00000004v00001AF4`.
///
/// Source: Linux Documentation/ABI/testing/sysfs-bus-virtio; digits are capitals, as in PCI's.
public enum VirtioAlias {
  /// Writes that of devices of the type `type` by `vendor`.
  public static func write(type: UInt32, vendor: UInt32, to sink: inout some TextSink & ~Copyable) {
    sink.write("virtio:d")
    write(type, to: &sink)
    sink.write("v")
    write(vendor, to: &sink)
  }

  private static func write(_ number: UInt32, to sink: inout some TextSink & ~Copyable) {
    for place in (0..<UInt32(8)).reversed() {
      let digit = UInt8(truncatingIfNeeded: number >> (4 * place) & 15)
      sink.write(byte: digit < 10 ? 0x30 + digit : 0x37 + digit)
    }
  }
}
