public import Foundations
public import Logging
import Machine

/// Where drivers' messages go: the kernel's log.
open class DriverLogOutput {
  /// Creates an output that drops messages.
  public init() {}

  /// Adds a message.
  ///
  /// - Context: any.
  open func add(_ level: LogLevel, _ text: Message) {}
}

/// What drivers and the framework have to say.
public enum DriverLog {
  private static let output = BootCell<DriverLogOutput>()

  /// Sets where messages go. Only the first time counts.
  public static func start(_ output: DriverLogOutput) { self.output.fill(output) }

  static func add(_ level: LogLevel, _ device: DeviceNode, _ text: Message) {
    var line = Message()
    line.write(device.name.bytes)
    line.write(": ")
    line.write(text.bytes)
    output.withValue { $0.add(level, line) }
  }
}
