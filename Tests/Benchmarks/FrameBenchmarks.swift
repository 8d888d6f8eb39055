import Foundations
import Machine
import PageFrames

/// Page frames: taken and given back.
enum FrameBenchmarks {
  static func register(_ registrar: inout BenchmarkRegistrar) {
    registrar.measure("frames.single", target: 150) { () throws(Errno) in
      _ = try UserFrame.allocate(isZeroed: false)
    }
    registrar.measure("frames.single-zeroed", operations: 2_000) { () throws(Errno) in
      _ = try UserFrame.allocate(isZeroed: true)
    }
    // More than a CPU's cache holds, so that it is filled and drained again and again.
    registrar.measure("frames.single-of-256", operations: 100, batch: 256) { () throws(Errno) in
      var frames = GrowableArray<UserFrame>()
      try frames.reserveCapacity(256)
      for _ in 0..<256 { try frames.append(UserFrame.allocate(isZeroed: false)) }
    }
    registrar.measure("frames.run-of-1") { () throws(Errno) in _ = try FrameRun(count: 1) }
    registrar.measure("frames.run-of-8") { () throws(Errno) in _ = try FrameRun(count: 8) }
    registrar.measure("frames.run-of-1024", operations: 100) { () throws(Errno) in _ = try FrameRun(count: 1024) }
    registrar.measure("frames.huge-zeroed", operations: 5) { () throws(Errno) in
      guard HugeFrame() != nil else { throw .ENOMEM }
    }
  }
}
