public import Foundations
import Machine

/// Writes how often which interrupt came to which CPU, as `/proc/interrupts` does. Source: proc(5).
public enum InterruptsText {
  /// Writes the heading, then a line for every vector that has come or is in use.
  ///
  /// - Context: any; counts that change meanwhile are as they are read.
  public static func write(to sink: inout some TextSink & ~Copyable) {
    sink.write("    ")
    forEachProcessor { processor in
      let label: Message = "CPU\(UInt64(processor))"
      pad(11 - label.bytes.count, &sink)
      sink.write(label)
    }
    sink.write("\n")
    for vector in 0..<256 {
      let vector = UInt8(vector)
      let isInUse = VectorHandlers.arrivals(of: vector) > 0 || DeviceVectors.isTaken(vector)
      guard isInUse else { continue }
      writeLine(of: vector, to: &sink)
    }
  }

  private static func writeLine(of vector: UInt8, to sink: inout some TextSink & ~Copyable) {
    let number: Message = "\(UInt64(vector))"
    pad(3 - number.bytes.count, &sink)
    sink.write(number)
    sink.write(":")
    forEachProcessor { processor in
      let count: Message = "\(UInt64(VectorHandlers.arrivals(of: vector, on: processor)))"
      pad(11 - count.bytes.count, &sink)
      sink.write(count)
    }
    sink.write("   ")
    sink.write(InterruptVector(rawValue: vector).name)
    sink.write("\n")
  }

  private static func forEachProcessor(_ body: (Int) -> Void) {
    for processor in 0..<Processor.limit where Processor.isOnline(processor) { body(processor) }
  }

  private static func pad(_ count: Int, _ sink: inout some TextSink & ~Copyable) {
    for _ in 0..<max(count, 0) { sink.write(" ") }
  }
}
