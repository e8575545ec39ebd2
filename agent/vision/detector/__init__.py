"""What moved: profiles, and the stages that tell light, noise and damage from motion."""
