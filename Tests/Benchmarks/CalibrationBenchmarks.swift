import Machine

/// Operations whose cost is known: what they show is how well the others are measured.
enum CalibrationBenchmarks {
  static func register(_ registrar: inout BenchmarkRegistrar) {
    registrar.measure("calibration.empty", target: 0) {}
    registrar.measure("calibration.thousand-instructions", target: 1_001, operations: 1_000) {
      InstructionProbe.spendThousand()
    }
  }
}
