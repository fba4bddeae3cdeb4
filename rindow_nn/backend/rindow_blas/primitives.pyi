from rindow_nn.backend.rindow_blas.training_primitives import TrainingPrimitives

class Primitives:
    training: TrainingPrimitives
